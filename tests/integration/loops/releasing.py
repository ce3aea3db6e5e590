"""A dispatcher's loops on real parts, by a clock that a test sets, and dialers that do as the test says."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.daemon.parts import assembled
from dispatcher.hopper import keys
from dispatcher.loops.from_hopper.outcomes import apply_pending
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.loops.in_hopper.tend import Tend
from dispatcher.loops.to_hopper.dispatch import Dispatch
from dispatcher.mirror import attempts, orders, record
from dispatcher.mirror.attempts import Attempt
from dispatcher.mirror.campaigns import put_found
from dispatcher.mirror.database import Database
from dispatcher.model.attempt import UNBEGUN
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.found import Found
from dispatcher.rules.plan import make_plan
from dispatcher.settings import Settings
from tests.integration.mirror.things import entry

ALWAYS = {day: {"start": "00:00", "end": "24:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


class Stepped(Clock):
    """This host's clock, so much ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


class Releasing:
    """Campaigns (each with its phone), and what becomes of their calls."""

    def __init__(self, database: Database, redis: Redis, stack: AsyncExitStack, settings: Settings) -> None:
        self.clock, self.redis = Stepped(), redis
        epoch = database.run_write(record.begin_epoch, "host", self.clock.now())
        nobody = Platform("http://127.0.0.1:9/api", "nobody", timedelta(seconds=1), self.clock)
        self.context = assembled(settings, self.clock, database, nobody, stack, epoch=epoch, nudge=lambda _name: None)
        self.custody = Custody(self.context)
        self.dispatch = Dispatch(self.context, self.custody)
        self.tend = Tend(self.context, self.custody)
        self._numbers = 0

    def campaigns(self, phones: Mapping[str, str], assistant: str = "ava") -> None:
        """Put campaigns into the book, each with the phone that it is given."""
        known = {one: Phone(one, "", "+16054440129", "US", "x", "active") for one in phones.values()}
        facts = ("active", "outbound", "UTC", ALWAYS)
        plans = [make_plan(Campaign(one, one, *facts, phone, assistant), known) for one, phone in phones.items()]
        found = [Found(plan.campaign, "d", b"{}") for plan in plans]
        self.context.database.run_write(put_found, "campaigns", found, self.clock.now())
        self.context.book.replace(plans, self.clock.now())

    def orders(self, campaign: str, number: int, **more: Any) -> None:
        made = []
        for _ in range(number):
            self._numbers += 1
            made.append(entry(f"order-{self._numbers:05}", f"+1212{self._numbers:07}", campaign, **more))
        self.context.database.run_write(orders.put_orders, made, self.clock.now())
        self.context.book.stir()

    async def turn(self, after: float = 0.0) -> list[Attempt]:
        """Let so many seconds pass, have a turn of each loop, and return what takes up slots then."""
        self.clock.ahead += timedelta(seconds=after)
        now, book = self.clock.now(), self.context.book
        book.synced_at = now
        book.orders_synced_at = dict.fromkeys(book.plans, now)
        await self.custody.run_once()
        book.skews.clear()  # Redis has not moved on with the test's clock, and deadlines allow for that
        await self.tend.run_once()
        await self.dispatch.run_once()
        return await self.live()

    async def live(self) -> list[Attempt]:
        return await self.context.database.read(attempts.live)

    async def begin(self, attempt: Attempt) -> bool:
        """Take a call as a dialer that says nothing of it; False if it is not there."""
        await self.redis.xreadgroup(keys.GROUP, "worker", {keys.calls("dispatcher", attempt.phone): ">"}, count=100)
        return bool(await self.redis.getdel(keys.call("dispatcher", attempt.phone, attempt.job)))

    async def end(self, attempt: Attempt, outcome: str = "completed") -> None:
        assert attempt.entry is not None
        await self.redis.xadd(
            keys.outcomes("dispatcher", attempt.phone), {"job": attempt.job, "entry": attempt.entry, "outcome": outcome}
        )
        await apply_pending(self.context, attempt.phone, self.custody.sure)

    async def call(self, outcome: str = "completed") -> Counter[str]:
        """Begin and end every call that waits; return how many there were of each campaign."""
        waiting = [one for one in await self.live() if one.state in UNBEGUN]
        done = Counter[str]()
        for one in waiting:
            if await self.begin(one):
                await self.end(one, outcome)
                done[one.campaign] += 1
        return done


@asynccontextmanager
async def releasing(database: Database, redis_url: str, **sections: Any) -> AsyncIterator[Releasing]:
    settings = Settings.model_validate({"redis": {"url": redis_url}, "calling_rules": {"enabled": False}} | sections)
    redis = Redis.from_url(redis_url, decode_responses=True, protocol=3)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(redis.aclose)
        yield Releasing(database, redis, stack, settings)
