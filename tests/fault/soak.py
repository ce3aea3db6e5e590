"""A busy system under many faults at once. A seed makes the same plan again.

What the machine makes of the plan is its own affair: two runs of one seed inject the same faults in the same order at
about the same moments, and the processes interleave as they like.
"""

import asyncio
import signal
import time
from collections import Counter
from contextlib import suppress
from random import Random

from tests.fault.crashing import Fate
from tests.fault.history import Pause
from tests.fault.injectors import FORGETTING, Injector, ping
from tests.fault.processes import Child
from tests.fault.proxy import Proxy
from tests.fault.world import World
from tests.waiting import eventually

_MORTALS = 3
_STEPS = 600  # after which a dispatcher dies, on the average
_LEASE_S = 3.0
_OUTCOMES = {"no-answer": 0.6, "busy": 0.2, "voicemail": 0.195, "completed": 0.003, "hung-up-in-a-new-way": 0.002}
SETTINGS = {
    "DISPATCHER_SYNC__INTERVAL": "5s",
    "DISPATCHER_SYNC__ORDERS_INTERVAL": "60s",
    "DISPATCHER_HOPPER__LEASE": f"{_LEASE_S}s",
    "DISPATCHER_HOPPER__CLAIM_TIMEOUT": f"{_LEASE_S}s",
    "DISPATCHER_HOPPER__CALL_TIMEOUT": "8s",
    "DISPATCHER_RETRIES__MAX_ATTEMPTS": "1000000",
    "DISPATCHER_RETRIES__NO_ANSWER": "1ms",
    "DISPATCHER_RETRIES__BUSY": "1ms",
    "DISPATCHER_RETRIES__VOICEMAIL": "1ms",
    "DISPATCHER_RETRIES__GROWTH": "1",
    "DISPATCHER_RETRIES__OPEN_HOURS_ONLY": "false",
    "DISPATCHER_RETRIES__PERSON_PER_DAY": "",
    "DISPATCHER_RETRIES__PERSON_PER_WEEK": "",
    "DISPATCHER_BREAKER__WITHIN": "10s",  # at every start the calls of this time are looked at again
    "DISPATCHER_LOG__LEVEL": "warning",
}
_LIVE = {"intent", "queued", "dialing"}
_AFTER_S = 2.0
"""A reply is lost, and a loop that met a fault tries again, up to this long after the fault was injected."""

_SETTLED_S = 120.0
_PROMISED_S = 1.0
"""Within this nothing of a paused campaign can be begun, unless its dispatcher is disturbed: then within a lease."""


class Soak:
    """One round: a system that dials as fast as it can while faults come and go."""

    def __init__(self, world: World, proxy: Proxy, seed: int, faults: dict[str, tuple[Injector, float]]) -> None:
        self._world, self._proxy = world, proxy
        self._chance = Random(seed)  # noqa: S311 (a plan, and one that can be repeated)
        self._injectors = faults
        self.faults: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self._disturbed: list[tuple[float, float]] = []
        self._pauses: list[Pause] = []
        self._over = False
        self._counted = set[Child]()

    async def run(self, seconds: float, ended: asyncio.Event, *, gap_s: float) -> None:
        """Let everything happen for so long, or until it is to end, then let it all settle."""
        world = self._world
        for _ in range(_MORTALS):
            self._mortal()
        world.worker(at_once=1, kit=True, port=self._proxy.port, outcomes=_OUTCOMES)
        world.worker(at_once=400, outcomes=_OUTCOMES, repeats=0.01, call_s=(0.0, 0.1))
        tasks = [
            asyncio.create_task(work)
            for work in (self._keep_dispatching(), self._keep_dialing(), self._pausing(), self._injecting(gap_s))
        ]
        waiting = asyncio.create_task(ended.wait())
        try:
            await asyncio.wait([*tasks, waiting], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._over = True
            waiting.cancel()
        for came in await asyncio.gather(*tasks, return_exceptions=True):
            if came is not None:
                raise came
        await self._settle()

    def _mortal(self) -> None:
        chance = self._chance
        self._world.worker(
            at_once=1,
            port=chance.choice([self._proxy.port, self._world.redis.port]),
            outcomes=_OUTCOMES,
            says_begun=chance.random() < 0.5,
            repeats=0.05,
            dies_by_chance=0.002,
        )

    async def _keep_dispatching(self) -> None:
        """Start a dispatcher whenever none lives; most are to die after some step."""
        world = self._world
        while not self._over:
            if not world.daemons or not world.daemons[-1].alive:
                self._note_dispatcher()
                dies_at = int(self._chance.expovariate(1 / _STEPS)) + 1
                world.daemon(Fate(dies_at=dies_at, clock=world.fate.clock), self._proxy.port)
            await asyncio.sleep(0.02)

    def _note_dispatcher(self) -> None:
        daemons = self._world.daemons
        if daemons and daemons[-1] not in self._counted:
            self._counted.add(daemons[-1])
            code = daemons[-1].code
            # One that is told to stop before it listens to signals is ended by it.
            assert code in {0, -signal.SIGKILL, -signal.SIGTERM}, (
                f"a dispatcher has ended with {code}: {daemons[-1].said()[-3000:]}"
            )
            self.kills["dispatchers"] += daemons[-1].code == -signal.SIGKILL
            self._disturbed.append((time.monotonic() - 0.5, time.monotonic() + _AFTER_S))

    async def _keep_dialing(self) -> None:
        """Put a new worker in the place of each that has died."""
        while not self._over:
            for worker in self._world.workers:
                if worker not in self._counted and worker.dead():
                    self._counted.add(worker)
                    self.kills["workers"] += 1
                    if worker.habits.dies_by_chance:
                        self._mortal()
                    else:
                        self._world.worker(at_once=1, kit=True, port=self._proxy.port, outcomes=_OUTCOMES)
            await asyncio.sleep(0.05)

    async def _pausing(self) -> None:
        """Pause campaigns, by an operator or on the platform, note when that was known, and resume them."""
        while not self._over:
            await asyncio.sleep(self._chance.uniform(0.2, 1.5))
            campaign = self._chance.choice(list(self._world.store.campaigns))
            by_platform = self._chance.random() < 0.5
            if not await self._brake(campaign, by_platform):
                continue
            known_at = time.monotonic()
            await asyncio.sleep(self._chance.uniform(1.5, 3.0))
            self._pauses.append(Pause(campaign, known_at, 0.0, time.monotonic()))
            while not await self._release(campaign, by_platform) and not self._over:
                await asyncio.sleep(0.1)

    async def _brake(self, campaign: str, by_platform: bool) -> bool:
        if by_platform:
            self._world.store.update_campaign(campaign, {"status": "paused"}, self._world.clock.now())
            if await self._world.daemons[-1].post("/api/sync"):
                return True
            self._world.store.update_campaign(campaign, {"status": "active"}, self._world.clock.now())
            return False
        return await self._world.daemons[-1].post(f"/api/campaigns/{campaign}/pause", {"reason": "a test"})

    async def _release(self, campaign: str, by_platform: bool) -> bool:
        if by_platform:
            self._world.store.update_campaign(campaign, {"status": "active"}, self._world.clock.now())
            return True
        return await self._world.daemons[-1].post(f"/api/campaigns/{campaign}/resume", {"reason": "a test"})

    async def _injecting(self, gap_s: float) -> None:
        """Inject faults, one after another, each chosen by its weight."""
        await asyncio.sleep(3.0)
        names = list(self._injectors)
        weights = [weight for _, weight in self._injectors.values()]
        while not self._over:
            await self._sleep(self._chance.expovariate(1 / gap_s))
            [name] = self._chance.choices(names, weights)
            began = time.monotonic()
            await self._injectors[name][0](self._world, self._proxy, self._chance)
            self.faults[name] += 1
            if name in FORGETTING:
                self._world.facts.losses += [began, time.monotonic()]
            if not name.startswith("worker"):
                self._disturbed.append((began, time.monotonic() + _AFTER_S))

    async def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._over and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(0.2, left))

    async def _settle(self) -> None:
        """End the faults, let a dispatcher that may live finish everything, and have it stop."""
        world = self._world
        self._proxy.flow()
        if not ping(world.redis.port):
            world.redis.start()
        if world.fate.clock is not None:
            world.fate.clock.write_text("0")
        if world.daemons[-1].alive:
            world.daemons[-1].kill()
        self._note_dispatcher()
        daemon = world.daemon(Fate(clock=world.fate.clock))
        await eventually(
            lambda: daemon.post("/api/pause", {"reason": "the end"}), _SETTLED_S, "a dispatcher that answers"
        )
        with suppress(AssertionError):  # the verdict names what is left
            await eventually(lambda: not world.states().keys() & _LIVE, _SETTLED_S, "the end")
        self.kills["workers"] += sum(one.dead() for one in world.workers if one not in self._counted)
        world.facts.pauses = [self._bounded(pause) for pause in self._pauses]

    def _bounded(self, pause: Pause) -> Pause:
        until = pause.known_at + _PROMISED_S
        disturbed = any(began < until and over > pause.known_at - 1.0 for began, over in self._disturbed)
        return Pause(pause.campaign, pause.known_at, _PROMISED_S + (_LEASE_S + 1.0) * disturbed, pause.lifted_at)
