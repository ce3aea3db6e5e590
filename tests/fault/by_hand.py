"""One dispatcher whose loops and whose clock are moved by hand, on a real Redis and a real database."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import redis
from sqlalchemy import Connection, select

from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.daemon.parts import assembled
from dispatcher.errors import DeposedError, LostHopperError
from dispatcher.hopper import keys
from dispatcher.hopper.watch import Watch
from dispatcher.loops.from_hopper.outcomes import Outcomes
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.loops.in_hopper.reap import Reap
from dispatcher.loops.in_hopper.tend import Tend
from dispatcher.loops.to_hopper.dispatch import Dispatch
from dispatcher.mirror.database import Database
from dispatcher.mirror.tables import attempts, do_not_call, orders
from dispatcher.model.attempt import State
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.rules.plan import make_plan
from dispatcher.settings import Settings

if TYPE_CHECKING:
    from dispatcher.daemon.triggers import Loop

PREFIX, PHONE, CAMPAIGN = "dispatcher", "phone_1", "campaign_1"
ALWAYS = {day: {"start": "00:00", "end": "24:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
PLAN = make_plan(
    Campaign(CAMPAIGN, "One", "active", "outbound", "UTC", ALWAYS, PHONE, "assistant_1"),
    {PHONE: Phone(PHONE, "", "+16054440129", "US", "vapi", "active")},
)
LEASE, CLAIM, CALL = timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=15)
CONCURRENCY = 3


class Hand(Clock):
    """A clock that a hand moves."""

    def __init__(self) -> None:
        self.moved = timedelta(0)
        self._began = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self._began + self.moved

    def monotonic(self) -> float:
        return self.moved.total_seconds()


class HandWatch(Watch):
    """A look at a Redis whose clock goes as the hand does."""

    clock: Hand

    async def times(self) -> list[datetime]:
        return [self.clock.now()]


class Running:
    """One dispatcher: its parts, and its loops, none of which turns by itself."""

    def __init__(self, database: Database, clock: Hand, url: str, stack: AsyncExitStack, epoch: int) -> None:
        chosen = Settings.model_validate(
            {
                "redis": {"url": url, "prefix": PREFIX},
                "hopper": {"lease": LEASE, "claim_timeout": CLAIM, "call_timeout": CALL},
                "limits": {"phone_concurrency": CONCURRENCY, "phone_calls_per_second": 100},
                "retries": {
                    "max_attempts": 50,
                    **dict.fromkeys(("no_answer", "failed"), "1s"),
                    **dict.fromkeys(("person_per_day", "person_per_week"), "none"),
                    "person_gap": "0s",
                    "growth": 1,
                },
                "breaker": {"share": "none"},
                "calling_rules": {"enabled": False},
                "schedule": {"opening_ramp": "0s"},
                "sync": {"max_staleness": "999h"},
            }
        )
        platform = Platform("http://127.0.0.1:9", "", timedelta(seconds=1), clock)
        context = assembled(chosen, clock, database, platform, stack, epoch=epoch, nudge=lambda _loop: None)
        watch = HandWatch(context.watch._hopper, PREFIX)
        watch.clock = clock
        context.watch = watch
        context.book.synced_at = clock.now()
        context.book.orders_synced_at = {CAMPAIGN: clock.now()}
        context.book.replace([PLAN], clock.now())
        self.context = context
        self.custody = Custody(context)
        self.dispatch = Dispatch(context, self.custody)
        self.loops: dict[str, Loop] = {
            "custody": self.custody,
            "dispatch": self.dispatch,
            "tend": Tend(context, self.custody),
            "reap": Reap(context, self.custody),
            "outcomes": Outcomes(context, self.custody.sure),
        }

    async def turn(self, name: str, *, reports: bool) -> bool:
        """Let a loop have its turn; False if this dispatcher has been deposed. Without reports none are waited for."""
        if name == "outcomes" and not reports:
            return True
        if name == "dispatch":
            self.context.book.stir()
        try:
            await self.loops[name].run_once()
        except DeposedError:
            return False
        except LostHopperError:
            return True
        return True


def all_attempts(connection: Connection) -> list[tuple[str, str, str]]:
    """Return every attempt's job, order and state."""
    found = connection.execute(select(attempts.c.job, attempts.c.order, attempts.c.state))
    return [(row.job, row.order, row.state) for row in found]


def unsettled(connection: Connection) -> list[str]:
    """Return the orders that are neither closed, nor held as uncertain, nor forbidden before anybody was called."""
    held = {order for _, order, state in all_attempts(connection) if state == State.UNCERTAIN}
    allowed = ~orders.c.e164.in_(select(do_not_call.c.number))
    still_open = select(orders.c.uuid).where(orders.c.closed_as.is_(None), allowed | orders.c.live_job.is_not(None))
    return [order for order in connection.execute(still_open).scalars() if order not in held]


def grow_idle(client: redis.Redis, by: timedelta) -> None:
    """Let entries have been claimed for so much longer, as time would."""
    calls = keys.calls(PREFIX, PHONE)
    try:
        pending: Any = client.xpending_range(calls, keys.GROUP, "-", "+", 1000)
    except redis.ResponseError:
        return
    for one in pending:
        idle = one["time_since_delivered"] + int(by.total_seconds() * 1000)
        client.xclaim(calls, keys.GROUP, one["consumer"], 0, [one["message_id"]], idle=idle, justid=True)


def given_back(connection: Connection) -> set[str]:
    """Return the jobs of which it was proved that nobody began them."""
    return {job for job, _, state in all_attempts(connection) if state in {State.REVOKED, State.EXPIRED}}


@dataclass
class Claim:
    """What a worker holds; `begun` once it has the document, and dials."""

    worker: str
    entry: str
    job: str
    order: str
    begun: bool = False


def claimed(client: redis.Redis, worker: str) -> list[Claim]:
    """Claim a call, if there is one."""
    calls = keys.calls(PREFIX, PHONE)
    try:
        answer: Any = client.xreadgroup(keys.GROUP, worker, {calls: ">"}, count=1)
    except redis.ResponseError:
        return []  # Redis has forgotten the group
    found = answer[calls][0] if answer else []
    return [Claim(worker, entry, fields["job"], fields["order"]) for entry, fields in found]


def send(client: redis.Redis, claim: Claim, word: str) -> None:
    """Report an outcome and remove the entry."""
    calls = keys.calls(PREFIX, PHONE)
    with client.pipeline(transaction=True) as pipeline:
        pipeline.xadd(keys.outcomes(PREFIX, PHONE), {"job": claim.job, "entry": claim.entry, "outcome": word})
        pipeline.xack(calls, keys.GROUP, claim.entry)
        pipeline.xdel(calls, claim.entry)
        pipeline.execute()


def expire(client: redis.Redis, at: datetime) -> None:
    """Let Redis drop the documents that live no longer at an instant."""
    for name in documents(client):
        if int(client.pexpiretime(name)) <= int(at.timestamp() * 1000):
            client.delete(name)


def documents(client: redis.Redis) -> list[str]:
    """Return the keys of the calls that may be begun."""
    return [str(name) for name in client.scan_iter(keys.call(PREFIX, PHONE, "*"))]


def reported(client: redis.Redis) -> bool:
    """Tell whether a report of a worker waits."""
    return bool(client.xlen(keys.outcomes(PREFIX, PHONE)))
