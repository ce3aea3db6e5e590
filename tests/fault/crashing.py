"""The daemon, or a worker, that kills itself after its N-th write; and a daemon by a clock that a test may step.

The product has no hooks for this: here its edges are wrapped before it is run. A step is a committed transaction of
SQL, or a command or a pipeline of Redis that may change something, whose answer has come. Between two of them nothing
that outlives the process changes, so to die after every one of them is to die between any two steps.
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from dispatcher.clock import Clock
from dispatcher.daemon import run as daemon_run
from dispatcher.log import configure
from dispatcher.mirror.database import Database
from dispatcher.settings import load
from dispatcher.web.front import front

_PR_SET_PDEATHSIG = 1
_STARTED_BY = "TESTS_FAULT_STARTED_BY"
_CHANGES_NOTHING = frozenset(
    {"EXISTS", "GET", "INFO", "SMEMBERS", "TIME", "XINFO GROUPS", "XLEN", "XPENDING", "XRANGE", "XREAD", "CONFIG GET"}
)


@dataclass(frozen=True, slots=True)
class Fate:
    """What befalls a daemon: the step after which it dies, and the file that tells how far its clock is off (s)."""

    dies_at: int | None = None
    clock: Path | None = None


class Stepped(Clock):
    """This host's clock, off by as many seconds as a file says."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        """Return the instant by the stepped clock."""
        return datetime.now(UTC) + offset(self._file)


def offset(file: Path | None) -> timedelta:
    """Return by how much a clock is off; not at all if nobody has stepped it yet."""
    text = file.read_text() if file is not None and file.exists() else ""
    return timedelta(seconds=float(text or 0))


class Steps:
    """Counts steps and kills or stops the process after the chosen ones."""

    def __init__(self, dies_at: int | None, stops_at: int | None = None) -> None:
        self._dies_at = dies_at
        self._stops_at = stops_at
        self._lock = threading.Lock()
        self._made = 0

    def step(self) -> None:
        """Count one, and die or stand still if it is the one."""
        with self._lock:
            self._made += 1
            if self._made == self._dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if self._made == self._stops_at:
                os.kill(os.getpid(), signal.SIGSTOP)

    def watch(self) -> None:
        """Wrap the edges of SQL and Redis."""
        write: Any = Database.run_write
        command: Any = Redis.execute_command
        pipeline: Any = Pipeline.execute

        def run_write(database: Database, *args: Any, **kwargs: Any) -> Any:
            answer = write(database, *args, **kwargs)
            self.step()
            return answer

        async def execute_command(client: Any, *args: Any, **options: Any) -> Any:
            answer = await command(client, *args, **options)
            if str(args[0]).upper() not in _CHANGES_NOTHING and (args[0] != "XREADGROUP" or answer):
                self.step()
            return answer

        async def execute(client: Any, *args: Any, **kwargs: Any) -> Any:
            answer = await pipeline(client, *args, **kwargs)
            self.step()
            return answer

        edges: tuple[tuple[Any, str, Any], ...] = (
            (Database, "run_write", run_write),
            (Redis, "execute_command", execute_command),
            (Pipeline, "execute", execute),
        )
        for kind, name, watched in edges:
            setattr(kind, name, watched)


def serve(environment: Mapping[str, str], log: Path, fate: Fate) -> None:
    """Be the process of a daemon, and exit as `dispatcher run` would."""
    die_with_parent()
    told = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(told, 1)
    os.dup2(told, 2)
    Steps(fate.dies_at).watch()
    if fate.clock is not None:
        stepped = fate.clock
        vars(daemon_run)["Clock"] = lambda: Stepped(stepped)
    settings = load(None, environment)
    configure(settings.log.level, settings.log.format)
    sys.exit(daemon_run.run(settings, lambda: load(None, environment), front))


def die_with_parent() -> None:
    """Let no process outlive the test that made it; one whose parent has died already ends here."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(os.environ.get(_STARTED_BY, os.getppid())):
            os._exit(1)


def about_to_start() -> None:
    """Let what is started from here on know whose end is its own; see `die_with_parent`."""
    os.environ[_STARTED_BY] = str(os.getpid())
