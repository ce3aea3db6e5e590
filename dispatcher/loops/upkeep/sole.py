"""Staying the only dispatcher of a database, whose lock PostgreSQL drops with the session that holds it."""

import asyncio

from dispatcher.errors import TransientError
from dispatcher.mirror.lock import Lock

_TURN_S = 5.0


class Sole:
    """Looks after the lock of the one daemon, and takes it again after PostgreSQL was restarted.

    Whoever else has it then is not obeyed here: it may be this dispatcher's own old session, while the server has not
    noticed yet that nobody is there. A later dispatcher shows by its epoch, which every beat and every script compares.
    """

    name = "sole"

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    async def run_once(self) -> float:
        """See that the lock is held."""
        if not await asyncio.to_thread(self._lock.keep):
            raise TransientError(
                "this dispatcher's session with PostgreSQL has ended and another one holds its lock:"
                " stop the other dispatcher, if there is one; a session of a broken connection ends by itself"
            )
        return _TURN_S
