"""Rounds beside each other, each in a world of its own: what one dispatcher's death leaves idle, another one uses.

A lane is a process that runs one round after another. It dies with the process that has started it, and so does all
that it has started itself, whoever is killed.
"""

import asyncio
import multiprocessing
import os
import time
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tests.fault.crashing import about_to_start, die_with_parent
from tests.fault.rounds import Round, round_of

_spawned = multiprocessing.get_context("spawn")


class Lane:
    """One process that runs rounds."""

    def __init__(self, folder: Path | None) -> None:
        self.answers, its = _spawned.Pipe()
        self.seed = 0
        self._began = 0.0
        # Not a daemon in the sense of multiprocessing: those may have no children.
        self._process = _spawned.Process(target=_lane, args=(its, folder))
        about_to_start()
        self._process.start()
        its.close()

    def begin(self, seed: int, seconds: float) -> None:
        """Begin a round."""
        self.seed, self._began = seed, time.monotonic()
        self.answers.send((seed, seconds))

    def told(self) -> str:
        """Return what it is busy with."""
        return f"{self.seed} ({time.monotonic() - self._began:.0f} s)"

    def result(self) -> Round:
        """Wait until its round is over, and return what came of it."""
        try:
            found: Round = self.answers.recv()
        except (EOFError, ConnectionError):
            return Round(self.seed, time.monotonic() - self._began, broke="the process of the round has died")
        return found

    def end(self) -> None:
        """Bring its round to an early end."""
        with suppress(OSError):
            self.answers.send(None)

    def kill(self) -> None:
        """End it, and so all that it has started."""
        self._process.kill()
        self._process.join()
        self.answers.close()


class Lanes:
    """So many lanes, which are started when there is something for them to do."""

    def __init__(self, number: int, folder: Path | None) -> None:
        self._number, self._folder = number, folder
        self._idle: list[Lane] = []
        self.busy: list[Lane] = []

    def room(self) -> bool:
        """Tell whether another round may begin."""
        return len(self.busy) < self._number

    def begin(self, seed: int, seconds: float) -> None:
        """Begin a round."""
        self.busy.append(self._idle.pop() if self._idle else Lane(self._folder))
        self.busy[-1].begin(seed, seconds)

    def over(self, within_s: float) -> list[Round]:
        """Return what came of the rounds that are over, as soon as there is one, none after so many seconds."""
        ready = wait([lane.answers for lane in self.busy], within_s)
        found = []
        for lane in [lane for lane in self.busy if lane.answers in ready]:
            self.busy.remove(lane)
            found.append(lane.result())
            if found[-1].broke:
                lane.kill()  # nobody knows what it has left behind
            else:
                self._idle.append(lane)
        return found

    def end(self) -> None:
        """Bring all rounds to an early end."""
        for lane in self.busy:
            lane.end()

    def kill(self) -> None:
        """End everything."""
        for lane in [*self._idle, *self.busy]:
            lane.kill()


def _lane(asked: Connection, folder: Path | None) -> None:
    """Run rounds for as long as any are asked for. A Ctrl-C on the terminal is for the process that asks."""
    os.setsid()
    die_with_parent()
    with suppress(EOFError):
        while (wanted := asked.recv()) is not None:
            seed, seconds = wanted
            began = time.monotonic()
            try:
                found = asyncio.run(_round(asked, seed, seconds, folder))
            except Exception as fault:  # noqa: BLE001 (whatever it is, it is told, and the next round begins)
                found = Round(seed, time.monotonic() - began, broke=f"{type(fault).__name__}: {fault}")
            asked.send(found)


async def _round(asked: Connection, seed: int, seconds: float, folder: Path | None) -> Round:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(asked.fileno())
        ended.set()

    loop.add_reader(asked.fileno(), end)
    return await round_of(seed, seconds, folder, ended)
