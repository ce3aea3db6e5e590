"""The heartbeat: a stepped clock is noticed within a quarter of a second, and no loop is left asleep by it."""

import asyncio
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from apscheduler.schedulers import base
from structlog.testing import capture_logs

from dispatcher.clock import Clock
from dispatcher.daemon import triggers
from dispatcher.daemon.triggers import Triggers

from .running import Shifted

STEPS = [timedelta(seconds=2), timedelta(seconds=-2), timedelta(hours=7), timedelta(hours=-7), timedelta(days=400)]


class Counted:
    """A loop that counts its turns."""

    def __init__(self, name: str, delay: float) -> None:
        self.name = name
        self.turns = 0
        self._delay = delay

    async def run_once(self) -> float:
        self.turns += 1
        return self._delay


class ByHand(Clock):
    """A clock that stands still, but for what a test does to it and for the time that the heartbeat sleeps."""

    def __init__(self) -> None:
        self.wall, self.passed = datetime(2026, 1, 12, 9, tzinfo=UTC), 0.0
        self.slept: list[float] = []
        self._due, self.beaten = asyncio.Semaphore(0), asyncio.Event()

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        await self._due.acquire()
        self.slept.append(seconds)
        self.wall += timedelta(seconds=seconds)
        self.passed += seconds

    async def beat(self) -> None:
        """Let the heartbeat beat once."""
        self.beaten.clear()
        self._due.release()
        await asyncio.wait_for(self.beaten.wait(), timeout=60)


async def until_turns(loops: list[Counted], number: int) -> None:
    async with asyncio.timeout(60):
        while any(loop.turns < number for loop in loops):
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_every_loop_has_one_turn_at_the_first_beat_after_a_step(step: timedelta) -> None:
    clock, loops = ByHand(), [Counted("often", 1000), Counted("daily", 86400)]
    subject = Triggers(clock, pytest.fail)
    for loop in loops:
        subject.add(loop)
    subject.start(clock.beaten.set)
    await until_turns(loops, 1)
    with capture_logs() as logs:
        await clock.beat()
        assert not logs
        clock.wall += step
        await clock.beat()
        assert [log["event"] for log in logs] == [
            "the clock was stepped or the machine slept; everything is judged anew"
        ]
        await until_turns(loops, 2)
        await clock.beat()
        await clock.beat()
    await subject.stop()
    assert len(logs) == 1
    assert [loop.turns for loop in loops] == [2, 2]
    assert max(clock.slept) <= 0.25


async def test_every_loop_has_a_turn_after_the_process_stood_still() -> None:
    clock, loop = ByHand(), Counted("daily", 86400)
    subject = Triggers(clock, pytest.fail)
    subject.add(loop)
    subject.start(clock.beaten.set)
    await until_turns([loop], 1)
    clock.wall += timedelta(seconds=30)
    clock.passed += 30
    await clock.beat()
    await until_turns([loop], 2)
    await subject.stop()


async def test_a_clock_that_is_only_slewed_or_a_late_beat_is_no_step() -> None:
    clock = ByHand()
    subject = Triggers(clock, pytest.fail)
    subject.start(clock.beaten.set)
    with capture_logs() as logs:
        for drift in (0.1, -0.1, 0.4):
            clock.wall += timedelta(seconds=drift)
            await clock.beat()
        clock.wall += timedelta(seconds=3)
        clock.passed += 3
        await clock.beat()
    await subject.stop()
    assert not logs


async def test_a_clock_that_is_set_back_leaves_no_loop_asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Shifted(timedelta(0))

    class Host(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock.now().astimezone(tz)

    # The scheduler's own clock is the host's: set back by an hour, what was due in a moment is due in an hour.
    monkeypatch.setattr(base, "datetime", Host)
    monkeypatch.setattr(triggers, "datetime", Host)
    loop = Counted("often", 0.05)
    subject = Triggers(clock, pytest.fail)
    subject.add(loop)
    subject.start(lambda: None)
    await until_turns([loop], 3)
    clock.shift -= timedelta(hours=1)
    await until_turns([loop], loop.turns + 3)
    await subject.stop()
