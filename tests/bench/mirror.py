"""`python -m tests.bench.mirror`: what a sync costs, beside plain httpx that fetches and decodes the same pages.

Every figure is of a process of its own, over loopback from a server of ready-made pages; medians of several rounds, in
brackets the lowest and the highest. As after an ordinary installation all modules are compiled beforehand, and the
database has its tables. Nothing here passes or fails.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from dispatcher import log
from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.daemon.parts import assembled, opened
from dispatcher.garbage import spare_the_modules
from dispatcher.loops.context import Context
from dispatcher.loops.from_platform.orders import Orders
from dispatcher.loops.from_platform.sync import Sync
from dispatcher.settings import load

from .pages import CAMPAIGN, SIZE, served

_TUESDAY = datetime(2026, 3, 3, 10, tzinfo=UTC)


class _Clock(Clock):
    """At an instant at which the campaigns are open."""

    def now(self) -> datetime:
        return _TUESDAY


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(prog="python -m tests.bench.mirror", description=__doc__)
    arguments.add_argument("--campaigns", type=int, default=100_000, metavar="N")
    arguments.add_argument("--orders", type=int, default=1_000_000, metavar="N")
    arguments.add_argument("--rounds", type=int, default=3, metavar="N")
    arguments.add_argument("--measure", nargs=2, metavar=("WHAT", "URL"), help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.measure:
        what, url = given.measure
        asyncio.run(_measure(what, url))
        return
    _say(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as compiled:
        os.environ |= {"PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
        with served(1, 1) as url:
            compiling = [_measured(what, url) for what in ("campaigns", "orders", "campaigns-floor")]
        _say(f"of each peak of memory {compiling[-1]['imports_mb']:.0f} MB are the modules")
        with served(given.campaigns, 0) as url:
            floor, made = _side_by_side("campaigns", url, given.rounds)
            _line(f"{given.campaigns:,} campaigns from nothing into the mirror", made, "mirrored", floor)
            _line("  and on into the daemon's book, and noted", made, "seconds", floor)
            _line("  again, unchanged, same process", made, "again", floor)
        with served(1, given.orders) as url:
            floor, made = _side_by_side("orders", url, given.rounds)
            _line(f"{given.orders:,} orders of one campaign from nothing", made, "seconds", floor)


def _measured(what: str, url: str) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.mirror", "--measure", what, url]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def _side_by_side(what: str, url: str, rounds: int) -> tuple[float, list[dict[str, float]]]:
    """Measure plain httpx and the mirror in turn, so that a machine that slows down or speeds up does so for both."""
    pairs = [(_measured(f"{what}-floor", url), _measured(what, url)) for _ in range(rounds)]
    plain = [floor for floor, _ in pairs]
    _line("plain httpx and json", plain, "seconds", None)
    return median(one["seconds"] for one in plain), [made for _, made in pairs]


def _line(title: str, made: list[dict[str, float]], what: str, floor: float | None) -> None:
    """Print what was measured, beside the floor, and the peak of memory up to its end."""
    seconds = [one[what] for one in made]
    memory = f"; peak memory {median(one[f'{what}_mb'] for one in made):.0f} MB"
    beside = "" if floor is None else f"; {median(seconds) / floor:.2f} of plain httpx"
    _say(f"{title:49} {median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f}){beside}{memory}")


async def _measure(what: str, url: str) -> None:
    log.configure("error", "json")
    spare_the_modules()  # as the daemon and the command do
    imports_mb = _peak_mb()
    measured = await {
        "campaigns-floor": lambda: _floor(url, "campaigns"),
        "orders-floor": lambda: _floor(url, f"campaigns/{CAMPAIGN}/orders"),
        "campaigns": lambda: _ours(url, _campaigns),
        "orders": lambda: _ours(url, _orders),
    }[what]()
    _say(json.dumps({**measured, "imports_mb": imports_mb}))


async def _floor(url: str, path: str) -> dict[str, float]:
    async with httpx.AsyncClient() as client:
        started = time.perf_counter()
        number, pages = 1, 1
        while number <= pages:
            page = (await client.get(f"{url}/{path}", params={"page": number, "limit": SIZE})).json()
            pages = page["totalPages"]
            number += 1
        return {"seconds": time.perf_counter() - started, "seconds_mb": _peak_mb()}


async def _ours(url: str, work: Callable[[Context], Awaitable[dict[str, float]]]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            named = {"DISPATCHER_DATABASE__URL": f"sqlite:///{Path(folder) / 'mirror.db'}"}
            command = [sys.executable, "-m", "dispatcher", "db", "upgrade"]
            await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, env=os.environ | named)
            settings = load(None, named)
            database = await opened(settings, stack)
            clock = _Clock()
            platform = Platform(url, "token", timedelta(seconds=10), clock)
            context = assembled(settings, clock, database, platform, stack, epoch=0, nudge=lambda _loop: None)
            return await work(context)


class _Watched(Sync):
    """A sync that tells when the mirror was complete, and it turned to the book."""

    mirrored: tuple[float, float] | None = None  # the instant, and the peak of memory until then

    async def load(self) -> None:
        self.mirrored = self.mirrored or (time.perf_counter(), _peak_mb())
        await super().load()


async def _campaigns(context: Context) -> dict[str, float]:
    sync = _Watched(context)
    started = time.perf_counter()
    found = await _timed("seconds", sync.run_pass())
    if sync.mirrored is not None:
        found |= {"mirrored": sync.mirrored[0] - started, "mirrored_mb": sync.mirrored[1]}
    await sync.run_pass()  # the first over the active campaigns alone; every later one is like the next
    return found | await _timed("again", sync.run_pass())


async def _orders(context: Context) -> dict[str, float]:
    await Sync(context).run_pass()
    return await _timed("seconds", Orders(context).run_pass())


async def _timed(name: str, work: Awaitable[Any]) -> dict[str, float]:
    started = time.perf_counter()
    await work
    return {name: time.perf_counter() - started, f"{name}_mb": _peak_mb()}


def _peak_mb() -> float:
    """Return the peak of this program's memory. What `getrusage` tells begins with that of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
