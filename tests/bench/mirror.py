"""`python -m tests.bench.mirror`: what a sync costs, beside plain httpx that fetches and decodes the same pages.

Every figure is of a process of its own, over loopback from a server of ready-made pages; medians of several rounds, in
brackets the lowest and the highest. Nothing here passes or fails.
"""

import argparse
import asyncio
import json
import os
import resource
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
    with served(given.campaigns, 0) as url:
        floor = _rounds("campaigns-floor", url, given.rounds, "plain httpx and json", None)
        found = _rounds("campaigns", url, given.rounds, f"{given.campaigns:,} campaigns from nothing", floor)
        _again(found, floor)
    with served(1, given.orders) as url:
        floor = _rounds("orders-floor", url, given.rounds, "plain httpx and json", None)
        _rounds("orders", url, given.rounds, f"{given.orders:,} orders of one campaign from nothing", floor)


def _rounds(what: str, url: str, rounds: int, title: str, floor: float | None) -> Any:
    """Measure in processes of their own, print, and return the median of seconds or, of ours, all that was measured."""
    command = [sys.executable, "-m", "tests.bench.mirror", "--measure", what, url]
    made = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(rounds)]
    _line(title, [one["seconds"] for one in made], floor)
    _say(f"    peak memory {median(one['peak_mb'] for one in made):.0f} MB")
    return median(one["seconds"] for one in made) if floor is None else made


def _again(made: list[dict[str, float]], floor: float) -> None:
    _line("again, unchanged, same process", [one["again"] for one in made], floor)


def _line(title: str, seconds: list[float], floor: float | None) -> None:
    beside = "" if floor is None else f"; {median(seconds) / floor:.2f} of plain httpx"
    _say(f"{title:45} {median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f}){beside}")


async def _measure(what: str, url: str) -> None:
    log.configure("error", "json")
    measured = await {
        "campaigns-floor": lambda: _floor(url, "campaigns"),
        "orders-floor": lambda: _floor(url, f"campaigns/{CAMPAIGN}/orders"),
        "campaigns": lambda: _ours(url, _campaigns),
        "orders": lambda: _ours(url, _orders),
    }[what]()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(json.dumps({**measured, "peak_mb": peak_mb}))


async def _floor(url: str, path: str) -> dict[str, float]:
    async with httpx.AsyncClient() as client:
        started = time.perf_counter()
        number, pages = 1, 1
        while number <= pages:
            page = (await client.get(f"{url}/{path}", params={"page": number, "limit": SIZE})).json()
            pages = page["totalPages"]
            number += 1
        return {"seconds": time.perf_counter() - started}


async def _ours(url: str, work: Callable[[Context], Awaitable[dict[str, float]]]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            settings = load(None, {"DISPATCHER_DATABASE__URL": f"sqlite:///{Path(folder) / 'mirror.db'}"})
            database = await opened(settings, stack)
            clock = _Clock()
            platform = Platform(url, "token", timedelta(seconds=10), clock)
            context = assembled(settings, clock, database, platform, stack, epoch=0, nudge=lambda _loop: None)
            return await work(context)


async def _campaigns(context: Context) -> dict[str, float]:
    sync = Sync(context)
    seconds = await _timed(sync.run_pass())
    await sync.run_pass()  # the first over the active campaigns alone; every later one is like the next
    return {"seconds": seconds, "again": await _timed(sync.run_pass())}


async def _orders(context: Context) -> dict[str, float]:
    await Sync(context).run_pass()
    return {"seconds": await _timed(Orders(context).run_pass())}


async def _timed(work: Awaitable[Any]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
