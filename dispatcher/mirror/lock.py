"""Holding something alone, among all processes that use one mirror.

The operating system (a locked file beside the SQLite file) or PostgreSQL (an advisory lock of a connection) lets go of
it at once when its holder dies, so that there is no lifetime to guess and nothing to clean up after a kill.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import IntEnum

from sqlalchemy import Connection, text

from dispatcher.clock import Clock
from dispatcher.errors import ConfigurationError, TransientError
from dispatcher.mirror.database import Database

_LOOK_AGAIN_S = 0.1
_PATIENCE_S = 120.0
_TRY = text("SELECT pg_try_advisory_lock(hashtext('callcamp-dispatcher'), :kind)")
_FREE = text("SELECT pg_advisory_unlock(hashtext('callcamp-dispatcher'), :kind)")
_LOOK = text("SELECT 1")


class Alone(IntEnum):
    """What is done by one process at a time; on PostgreSQL the value is part of the lock's key."""

    DISPATCHING = 1
    SYNC = 2
    ORDERS = 3


class Lock:
    """One lock of one mirror; two locks of the same kind exclude each other in one process, too."""

    def __init__(self, database: Database, kind: Alone) -> None:
        self._database = database
        self._kind = kind
        self._file: int | None = None
        self._session: Connection | None = None

    def take(self) -> bool:
        """Take the lock; False if somebody else has it. TransientError if the database cannot be used."""
        return self._take_file() if self._database.is_sqlite else self._take_session()

    def keep(self) -> bool:
        """Tell whether the lock is held still, and take it again if its session has ended; False if that fails.

        A file stays locked for as long as this process lives.
        """
        if self._session is None:
            return self._file is not None or self.take()
        try:
            with self._database.translated():
                self._session.execute(_LOOK)
        except TransientError:
            self._end_session()
            return self.take()
        return True

    def release(self) -> None:
        """Let go of the lock."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._session is not None:
            # It would go with the connection too, though only once the server has noticed: not at once.
            with suppress(TransientError), self._database.translated():
                self._session.execute(_FREE, {"kind": int(self._kind)})
            self._end_session()

    def _end_session(self) -> None:
        """Close the connection, which must not come back into the pool with a lock."""
        if self._session is not None:
            self._session.invalidate()
            self._session.close()
            self._session = None

    def _take_file(self) -> bool:
        path = f"{self._database.file}.{self._kind.name.lower()}.lock"
        try:
            opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            raise TransientError(f"the database {self._database.name} cannot be locked: {fault}") from fault
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(opened)
            return False
        self._file = opened
        return True

    def _take_session(self) -> bool:
        session = self._database.session()
        try:
            with self._database.translated():
                if session.execute(_TRY, {"kind": int(self._kind)}).scalar_one():
                    self._session = session
        finally:
            if self._session is None:
                session.close()
        return self._session is not None


async def hold_dispatching(database: Database) -> Lock:
    """Return the lock of the one daemon; ConfigurationError if another one runs on this database."""
    lock = Lock(database, Alone.DISPATCHING)
    if not await asyncio.to_thread(lock.take):
        raise ConfigurationError(
            f"another dispatcher is running on the database {database.name}: only one may; stop it first"
        )
    return lock


@asynccontextmanager
async def alone(database: Database, kind: Alone, clock: Clock) -> AsyncIterator[None]:
    """Wait for a lock and hold it for a while; TransientError if it does not become free in two minutes."""
    lock = Lock(database, kind)
    until = clock.monotonic() + _PATIENCE_S
    while not await asyncio.to_thread(lock.take):
        if clock.monotonic() > until:
            raise TransientError(f"another process has been at the same work ({kind.name.lower()}) for two minutes")
        await clock.sleep(_LOOK_AGAIN_S)
    try:
        yield
    finally:
        await asyncio.to_thread(lock.release)
