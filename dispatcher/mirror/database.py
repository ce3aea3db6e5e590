"""The way to SQL: one engine, transactions as functions, a library's errors as ours.

A transaction is a plain function that takes a `Connection` first. The daemon runs it on a thread of the pool, so that
SQL never holds up the event loop; commands call it directly.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import orjson
from sqlalchemy import Connection, create_engine, event, exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection

from dispatcher.errors import ConfigurationError, DeposedError, TransientError

__all__ = ["Connection", "Database"]

P = ParamSpec("P")
T = TypeVar("T")

_BUSY_TIMEOUT_S = 10.0
_POSTGRES_THREADS = 4

_POSTGRES_LINK = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # ms
}
"""Within half a minute a connection that carries nothing any more is an error, for which a loop can try again."""

_POSTGRES_SESSION = (
    # Instants come back in the session's zone, where those at either end of the calendar do not exist.
    "SET TIME ZONE 'UTC'",
    # Nothing waits for ever for a row or a table that somebody holds. What the database is set to counts.
    f"SELECT set_config('lock_timeout', '{_BUSY_TIMEOUT_S:.0f}s', false) WHERE current_setting('lock_timeout') = '0'",
    # The server, too, notices that a host has vanished, and lets go of what its dispatcher held alone.
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
)


def _dumps(document: Any) -> str:
    try:
        return orjson.dumps(document).decode()
    except orjson.JSONEncodeError:
        return json.dumps(document)  # half a surrogate pair, or a number beyond 64 bits


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None  # one of the platform's documents, with a number of thousands of digits


_REMEDIES = {
    "unable to open database file": "see that its folder exists and may be written to, or correct database.url",
    "attempt to write a readonly database": "give this user the right to write it and its folder",
}
"""What to do about faults of SQLite that do not say it themselves."""

_JSON: dict[str, Any] = {"json_serializer": _dumps, "json_deserializer": _loads}
"""Documents are written by the thousand in a pass. They are read as they always were, whatever was written."""


class Database:
    """SQLite (one writer at a time, WAL) or PostgreSQL behind one face."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except exc.ArgumentError as fault:
            raise ConfigurationError(
                "database.url is no database address: write sqlite:///FILE or postgresql://…"
            ) from fault
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self._name = parsed.render_as_string(hide_password=True)
        self._engine = create_engine(_with_driver(parsed), **self._engine_options())
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        else:
            event.listen(self._engine, "connect", _prepare_postgres)
        self._opened: tuple[int, int] | None = None
        # SQLite has one writer at a time, so one thread does all the writing. What only reads need not wait for it:
        # that somebody has paused must be known within a second, however long a pass writes.
        threads = 1 if self.is_sqlite else _POSTGRES_THREADS
        self._writers = ThreadPoolExecutor(threads, thread_name_prefix="sql-write")
        self._readers = ThreadPoolExecutor(threads, thread_name_prefix="sql-read") if self.is_sqlite else self._writers

    def _engine_options(self) -> dict[str, Any]:
        if self.is_sqlite:
            return _JSON | {"connect_args": {"timeout": _BUSY_TIMEOUT_S, "check_same_thread": False}}
        return _JSON | {"pool_pre_ping": True, "pool_size": _POSTGRES_THREADS, "connect_args": _POSTGRES_LINK}

    @property
    def name(self) -> str:
        """The address without a password, for messages."""
        return self._name

    @property
    def file(self) -> str | None:
        """The path of the SQLite file; None for PostgreSQL."""
        return self._engine.url.database if self.is_sqlite else None

    def session(self) -> Connection:
        """Open a connection for a lock that lives as long as it; the caller closes it. TransientError if SQL fails."""
        with self.translated():
            return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def connect(self, *, write: bool = False) -> Iterator[Connection]:
        """Open one transaction; it commits at the end and rolls back on an error. TransientError if SQL fails.

        DeposedError if the SQLite file is not the one any more that was opened first.
        """
        with self.translated(), self._engine.connect().execution_options(dispatcher_write=write) as connection:
            self._check_file()
            with connection.begin():
                yield connection

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what goes wrong in SQL into a TransientError that says what it was; mistakes of ours stay."""
        try:
            yield
        # A server that has become a standby refuses changes by an internal error.
        except (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError) as fault:
            raise TransientError(f"the database {self._name} cannot be used: {_cause(fault)}") from fault
        except exc.ProgrammingError as fault:
            raise TransientError(
                f"the database {self._name} refuses a statement ({_cause(fault)}): run `dispatcher db upgrade`"
            ) from fault
        except exc.DatabaseError as fault:
            if isinstance(fault, (exc.IntegrityError, exc.DataError)):
                raise  # a mistake of ours
            raise TransientError(f"the database {self._name} is damaged or none: {_cause(fault)}") from fault

    def _check_file(self) -> None:
        """See that the file is still the same: what is written to one that was replaced is lost with it."""
        if not self.file or self.file == ":memory:":
            return
        try:
            status = Path(self.file).stat()
            found = (status.st_dev, status.st_ino)
        except OSError:
            found = None
        self._opened = self._opened or found
        if found != self._opened:
            raise DeposedError(
                f"the file of the database {self._name} was removed or replaced under this process, which stops:"
                " put back the one that is to count, and start again"
            )

    async def read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query in a transaction of its own, off the event loop."""
        return await self._on_thread(self._readers, partial(self.run, query, *args, **kwargs))

    async def write(self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a change in a transaction of its own, off the event loop; it has committed when this returns."""
        return await self._on_thread(self._writers, partial(self.run_write, change, *args, **kwargs))

    def run(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query in a transaction of its own, here."""
        with self.connect() as connection:
            return query(connection, *args, **kwargs)

    def run_write(self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a change in a transaction of its own, here."""
        with self.connect(write=True) as connection:
            return change(connection, *args, **kwargs)

    async def _on_thread(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        # Shielded: a loop that is cancelled must not leave a transaction whose end nobody saw.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(threads, work))

    def close(self) -> None:
        """Wait for running transactions and close every connection."""
        self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._engine.dispose()


def _with_driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg") if url.get_backend_name() == "postgresql" else url


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own BEGIN comes too late to keep a read and the write after it in one transaction.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_postgres(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for statement in _POSTGRES_SESSION:
        cursor.execute(statement)
    cursor.close()
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: one that reads first cannot become a writer while another one writes.
    write = connection.get_execution_options().get("dispatcher_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _cause(fault: exc.DBAPIError | exc.TimeoutError) -> str:
    original = getattr(fault, "orig", None) or fault
    said = " ".join(str(original).split())
    return f"{said}: {_REMEDIES[said]}" if said in _REMEDIES else said
