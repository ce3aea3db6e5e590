"""`python -m tests.bench`: what openings cost, each beside the ways without an index, measured in the same run.

Costs are medians of several rounds, in brackets the lowest and the highest. Nothing here passes or fails.
"""

import argparse
import os
import platform
import sys
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from dispatcher.rules import zones

from . import openings
from .fleet import Fleet, different, ordinary
from .rivals import Jobs, naive
from .rounds import figure, timed

_AT = datetime.fromisoformat("2026-03-25T13:07:31Z")
"""A Wednesday in the week before Europe's clocks go forward."""


@dataclass(frozen=True, slots=True)
class Rivals:
    """What the ways without an index cost, in microseconds and bytes."""

    asked: float
    all_asked: float
    tick: float
    change: float
    room: float


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    arguments.add_argument("--campaigns", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], metavar="N")
    arguments.add_argument("--beside", type=int, default=10_000, metavar="N", help="campaigns of the ways without one")
    arguments.add_argument("--rounds", type=int, default=9, metavar="N")
    given = arguments.parse_args()
    source = zones.use_newest()
    _say(f"{_machine()}; tz database {source.version} of the {source.origin}; {given.rounds} rounds")
    _without_an_index(given.campaigns, given.beside, given.rounds)


def _without_an_index(sizes: list[int], beside: int, rounds: int) -> None:
    fleet = ordinary(beside)
    asked = timed(partial(naive, fleet), rounds)
    jobs = Jobs(fleet)
    rivals = Rivals(
        asked=asked.median,
        all_asked=asked.median * beside,
        tick=openings.of_jobs_tick(jobs, rounds).median,
        change=openings.of_jobs_change(jobs, rounds).median,
        room=openings.room(partial(Jobs, fleet), beside),
    )
    _say(f"\nWithout an index, {beside:,} campaigns")
    _say(f"  asking a wall clock                {asked}")
    _say(f"  asking every wall clock            {figure(rivals.all_asked)} µs")
    _say(f"  APScheduler, an idle tick          {figure(rivals.tick)} µs")
    _say(f"  APScheduler, a change              {figure(rivals.change)} µs")
    _say(f"  APScheduler, room for each         {figure(rivals.room)} bytes")
    for size in sizes:
        _with_an_index(f"{size:,} campaigns of some hundred weeks", ordinary(size), rivals, rounds)
        _with_an_index(f"{size:,} campaigns, all different", different(size), rivals, rounds)


def _with_an_index(title: str, fleet: Fleet, rivals: Rivals, rounds: int) -> None:
    coming = openings.of_next_change(fleet, _AT, rounds)
    tick = openings.of_idle_tick(fleet, _AT, rounds)
    turn = openings.of_idle_turn(fleet, _AT, rounds)
    change = openings.of_change(fleet, _AT, rounds)
    taken = openings.room(partial(openings.index, fleet, _AT), len(fleet.uuids))
    _say(f"\n{title}")
    _say(f"  next change of a campaign          {coming}; {figure(coming.median / rivals.asked)} of a clock asked")
    _say(f"  idle tick of the index             {tick}; {figure(tick.median / rivals.all_asked)} of all clocks asked")
    _say(f"                                     {figure(tick.median / rivals.tick)} of APScheduler's")
    _say(f"  idle turn of the daemon's book     {turn}; {figure(turn.median / rivals.all_asked)} of all clocks asked")
    _say(f"  a change                           {change}; {figure(change.median / rivals.change)} of APScheduler's")
    _say(f"  room for each in the index         {figure(taken)} bytes; {figure(taken / rivals.room)} of APScheduler's")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _machine() -> str:
    """Tell what it was measured on."""
    model = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        named = [
            line.partition(":")[2].strip() for line in cpus.read_text().splitlines() if line.startswith("model name")
        ]
        model = named[0] if named else model
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{model}, {os.cpu_count()} processors{load}, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
