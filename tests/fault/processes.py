"""Processes of the fault suite: forked from one that has loaded the dispatcher, so that a kill costs no second start.

They are started, killed, stopped and continued by the test, and end with it.
"""

import asyncio
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.fault import crashing
from tests.fault.crashing import Fate
from tests.fault.phone_log import PhoneLog
from tests.fault.raw_worker import Habits

OPERATOR = "an-operator-of-the-daemon"

_forks = multiprocessing.get_context("forkserver")
# With all that children import, this suite and what runs it included: a start then costs a fork and no more.
_forks.set_forkserver_preload(["pytest", "xdist.remote", "tests.fault.lanes", "tests.fault.forkserver"])


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """One process; what it runs is given to `start`."""

    def __init__(self) -> None:
        self._process: Any = None

    def start(self, target: Callable[..., None], *args: Any) -> None:
        """Start it."""
        crashing.about_to_start()
        self._process = _forks.Process(target=target, args=args, daemon=True)
        self._process.start()

    @property
    def alive(self) -> bool:
        """Tell whether it runs, or is stopped and could go on."""
        return self._process is not None and self._process.is_alive()

    @property
    def code(self) -> int | None:
        """Its exit code; None while it lives, the negative number of the signal that killed it."""
        return None if self._process is None else self._process.exitcode

    @property
    def stopped(self) -> bool:
        """Tell whether it stands still."""
        return self.alive and Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2][0] == "T"

    def send(self, number: signal.Signals) -> None:
        """Send a signal if it still lives."""
        if self.alive:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        """End it with -9 and wait for that."""
        if self._process is not None:
            self._process.kill()
            self._process.join()

    async def ended(self, within_s: float = 30.0) -> int:
        """Wait for its end and return its exit code."""
        until = time.monotonic() + within_s
        while self.alive:
            assert time.monotonic() < until, f"a process has not ended within {within_s} s"
            await asyncio.sleep(0.01)
        return int(self._process.exitcode)


class Daemon(Child):
    """`dispatcher run` under a fate, and its operator's interface."""

    def __init__(self, environment: Mapping[str, str], port: int, log: Path) -> None:
        super().__init__()
        self.environment = dict(environment)
        self._url = f"http://127.0.0.1:{port}"
        self._log = log
        self._client = httpx.AsyncClient(
            base_url=self._url, headers={"Authorization": f"Bearer {OPERATOR}"}, timeout=10.0
        )

    def begin(self, fate: Fate | None = None) -> None:
        """Start it."""
        self.start(crashing.serve, self.environment, self._log, fate or Fate())

    async def get(self, path: str) -> httpx.Response | None:
        """Ask it; None if it does not answer."""
        try:
            return await self._client.get(path)
        except httpx.HTTPError:
            return None

    async def post(self, path: str, body: Mapping[str, str] | None = None) -> bool:
        """Tell it to do something; True if it says that it has."""
        try:
            return (await self._client.post(path, json=body)).is_success
        except httpx.HTTPError:
            return False

    async def ready(self) -> bool:
        """Tell whether it says that it is ready."""
        answer = await self.get("/readyz")
        return answer is not None and answer.is_success

    async def close(self) -> None:
        """Be done with it."""
        self.kill()
        await self._client.aclose()

    def said(self) -> str:
        """What it has written."""
        return self._log.read_text() if self._log.exists() else ""


class WorkerProcess(Child):
    """A worker as a process, whose death is noted in the telephone log."""

    def __init__(self, habits: Habits, log: PhoneLog, main: Callable[[Habits], None]) -> None:
        super().__init__()
        self.habits = habits
        self._main = main
        self._log = log
        self._noted = False

    def begin(self) -> None:
        """Start it."""
        self.start(self._main, self.habits)

    def dead(self) -> bool:
        """Tell whether it was killed, and note it the first time."""
        killed = self.code == -signal.SIGKILL
        if killed and not self._noted:
            self._noted = True
            self._log.died(self.habits.name)
        return killed
