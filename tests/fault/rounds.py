"""A round of the soak: what its seed makes of it, what came of it, and how that is kept in a file."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.fault.crashing import Fate
from tests.fault.history import Verdict
from tests.fault.injectors import FORGETTING, HARMLESS
from tests.fault.proxy import Proxy, proxied
from tests.fault.soak import SETTINGS, Soak
from tests.fault.world import World, a_world
from tests.servers import Redis

_PHONES, _ORDERS = 12, 100  # orders for each campaign (one page of the platform's), two campaigns for each phone
_GAP_S = 0.5  # between two faults, on the average


@dataclass(slots=True)
class Round:
    """What one round was and what came of it; `broke` is the reason if it could not be brought to an end."""

    seed: int
    seconds: float
    verdict: Verdict = field(default_factory=Verdict)
    faults: dict[str, int] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=dict)
    broke: str = ""

    def good(self) -> bool:
        """Tell whether every promise was kept."""
        return not self.broke and not self.verdict.faults()


def even_minutes(around: datetime) -> dict[str, list[dict[str, str]]]:
    """Return a schedule in UTC that is open in each even minute for some hours around an instant, on three days.

    On a clock that is stepped by an hour or a day they are the same minutes. A whole week of them would be 180 KB,
    which is written down with each attempt.
    """
    first = around.replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    opened = [first + timedelta(days=day, minutes=minute) for day in (-1, 0, 1) for minute in range(0, 6 * 60, 2)]
    schedule: dict[str, list[dict[str, str]]] = {}
    for at in opened:
        window = {"start": f"{at:%H:%M}", "end": f"{at.hour:02}:{at.minute + 1:02}"}
        schedule.setdefault(f"{at:%a}".lower(), []).append(window)
    return schedule


def shut(campaign: str, at_ms: int) -> bool:
    """Tell whether a campaign that is open in even minutes only is closed."""
    return campaign.startswith("even") and at_ms // 60_000 % 2 == 1


@asynccontextmanager
async def _stage(folder: Path, *, forgetting: bool) -> AsyncIterator[tuple[World, Proxy]]:
    async with AsyncExitStack() as stack:
        redis = Redis(folder)
        redis.start()
        stack.callback(redis.kill)
        # What Redis forgets is held as uncertain: few calls are live in the rounds in which it does.
        limits = {"concurrency": 3, "rate": 50.0} if forgetting else {"concurrency": 60, "rate": 400.0}
        world = await stack.enter_async_context(a_world(folder, redis, **limits, **SETTINGS))
        proxy = await stack.enter_async_context(proxied(redis.port))
        while len(world.phones) < _PHONES:
            world.campaign(f"c{len(world.phones)}", world.phone())
        for phone in world.phones:
            schedule = {"schedule": even_minutes(world.clock.now())} if phone in world.phones[:3] else {}
            world.campaign(f"{'even' if schedule else 'more'}-{phone}", phone, **schedule)
        for campaign in list(world.store.campaigns):
            world.orders(_ORDERS, campaign)
        world.facts.shut = shut
        world.fate = Fate(clock=folder / "clock")
        yield world, proxy


async def round_of(seed: int, seconds: float, folder: Path | None, ended: asyncio.Event) -> Round:
    """Run one round, which `ended` brings to an early end; its seed says what kind it is."""
    forgetting = seed % 8 == 7
    faults = {**HARMLESS, **FORGETTING} if forgetting else HARMLESS
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=folder, prefix="round-") as name:
        async with _stage(Path(name), forgetting=forgetting) as (world, proxy):
            soak = Soak(world, proxy, seed, faults)
            await soak.run(seconds, ended, gap_s=_GAP_S)
            verdict = await world.verdict()
            if verdict.faults():
                sys.stdout.write("\n".join([f"round {seed} was told:", *world.said(), ""]))
    return Round(seed, time.monotonic() - began, verdict, dict(soak.faults), dict(soak.kills))


def kept(one: Round) -> str:
    """Return a round as a line of JSON."""
    return json.dumps(asdict(one))


def read(file: Path) -> Iterator[Round]:
    """Yield the rounds of a file of such lines."""
    for line in file.read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        yield Round(**found | {"verdict": Verdict(**found["verdict"])})
