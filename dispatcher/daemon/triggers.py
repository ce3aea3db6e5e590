"""When each loop has its next turn. APScheduler triggers, and that is all it does here.

Every turn schedules the next one, as many seconds later as it asked for, so that the truth about time is never in a
job. Nothing runs twice at once. A clock that is stepped can leave APScheduler asleep (its issues 351 and 794), so a
heartbeat on the monotonic clock compares the two four times a second, and after a step every loop has its turn at once.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from dispatcher import metrics
from dispatcher.clock import Clock
from dispatcher.errors import DeposedError, DispatcherError
from dispatcher.log import logger

log = logger(__name__)

_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 15.0
_HEARTBEAT_S = 0.25
"""Well under the second within which the right thing must happen; four a second cost about a thousandth of a core."""

_LAST_TURNS_S = 3.0
"""How long a stop waits for turns that are running: longer than a blocking read of outcomes."""

_STEP = timedelta(seconds=0.5)
"""Clocks that drift apart by more than this between two heartbeats were stepped, or the machine slept.

A smaller step delays nothing by more than itself: no loop that judges by the clock sleeps for more than a second, nor
beyond the next opening or closing.
"""

_HELD_UP = timedelta(seconds=5)
"""A heartbeat that is this late was held up with everything else, by a host or a process that stood still."""


class Loop(Protocol):
    """Something that has turns."""

    @property
    def name(self) -> str:
        """The name that its turns are asked for by."""
        ...

    async def run_once(self) -> float:
        """Have one turn and return the seconds until the next."""


class Turns:
    """The turns of one loop: never two at once, and never one that is asked for and forgotten."""

    def __init__(self, loop: Loop, scheduler: AsyncIOScheduler, clock: Clock, deposed: Callable[[str], None]) -> None:
        self._loop = loop
        self._scheduler = scheduler
        self._clock = clock
        self._deposed = deposed
        self._running = False
        self._again = False
        self._failures = 0
        self.fault: str | None = None
        self.stopping = False
        self.idle = asyncio.Event()
        self.idle.set()

    def hurry(self) -> None:
        """Have the next turn at once, or right after the one that is running."""
        if self._running:
            self._again = True
        else:
            self._schedule(0.0)

    async def _turn(self) -> None:
        if self._running or self.stopping:
            self._again = True
            return
        self._running = True
        self.idle.clear()
        self._again = False
        started = self._clock.monotonic()
        try:
            delay = await self._loop.run_once()
        except DeposedError as fault:
            self._deposed(str(fault))
            return
        except asyncio.CancelledError:
            log.warning("loop cut off by the stop", loop=self._loop.name)
            return
        except DispatcherError as fault:
            if str(fault) != self.fault:
                log.warning("loop failed", loop=self._loop.name, fault=str(fault))
            delay = self._backoff(str(fault))
        except Exception as fault:
            # A loop goes on, whatever happens to one turn.
            log.exception("loop failed", loop=self._loop.name)
            delay = self._backoff(f"{type(fault).__name__}: {fault}")
        else:
            if self.fault is not None:
                log.info("loop works again", loop=self._loop.name)
            self.fault, self._failures = None, 0
            metrics.LOOP_SECONDS.labels(self._loop.name).observe(self._clock.monotonic() - started)
            if self._again:
                delay = 0.0
        finally:
            self._running = False
            self.idle.set()
        self._schedule(delay)

    def _backoff(self, fault: str) -> float:
        """Note a failed turn and return the seconds until another try."""
        metrics.LOOP_FAULTS.labels(self._loop.name).inc()
        self.fault = fault
        self._failures += 1
        return float(min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2 ** min(self._failures - 1, 10)))

    def _schedule(self, delay: float) -> None:
        if self._scheduler.running and not self.stopping:
            self._scheduler.add_job(
                self._turn,
                "date",
                # APScheduler reads the host's clock itself, so that is what its dates must be on.
                run_date=datetime.now(UTC) + timedelta(seconds=delay),
                id=self._loop.name,
                replace_existing=True,
                misfire_grace_time=None,
                coalesce=True,
                # A turn schedules the next before it has quite ended; `_turn` itself keeps two from overlapping.
                max_instances=3,
            )


class Triggers:
    """The turns of all loops, and the heartbeat that notices when the clock was stepped."""

    def __init__(self, clock: Clock, deposed: Callable[[str], None]) -> None:
        self._clock = clock
        self._deposed = deposed
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._turns: dict[str, Turns] = {}
        self._heartbeat: asyncio.Task[None] | None = None

    def add(self, loop: Loop) -> None:
        """Take a loop in; its first turn comes with `start`."""
        self._turns[loop.name] = Turns(loop, self._scheduler, self._clock, self._deposed)

    def start(self, each_beat: Callable[[], None]) -> None:
        """Give every loop its first turn, and call `each_beat` with every heartbeat."""
        self._scheduler.start()
        for turns in self._turns.values():
            turns.hurry()
        self._heartbeat = asyncio.create_task(self._beat(each_beat), name="heartbeat")

    def nudge(self, name: str) -> None:
        """Give a loop its next turn at once."""
        if name in self._turns:
            self._turns[name].hurry()

    def faults(self) -> dict[str, str]:
        """Return what the last turn of each failing loop failed by."""
        return {name: turns.fault for name, turns in self._turns.items() if turns.fault is not None}

    async def stop(self) -> None:
        """Have no more turns; those that are running get a moment to end by themselves."""
        for turns in self._turns.values():
            turns.stopping = True
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            await asyncio.gather(self._heartbeat, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_TURNS_S):
                await asyncio.gather(*(turns.idle.wait() for turns in self._turns.values()))
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _beat(self, each_beat: Callable[[], None]) -> None:
        wall, monotonic = self._clock.now(), self._clock.monotonic()
        while True:
            await self._clock.sleep(_HEARTBEAT_S)
            # Each is read once a beat: a step between two readings of the same beat would go unseen.
            last_wall, last_monotonic = wall, monotonic
            wall, monotonic = self._clock.now(), self._clock.monotonic()
            passed = timedelta(seconds=monotonic - last_monotonic)
            if abs(wall - last_wall - passed) > _STEP or passed > _HELD_UP:
                log.warning("the clock was stepped or the machine slept; everything is judged anew")
                for turns in self._turns.values():
                    turns.hurry()
            each_beat()
