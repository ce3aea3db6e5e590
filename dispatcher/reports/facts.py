"""Everything that a judgement over campaigns needs, read in one transaction whose cost is not that of one campaign."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatcher.mirror import attempts, brakes, breakers, campaigns, occupancy, record, slots
from dispatcher.mirror.backlog import Backlog, backlog
from dispatcher.mirror.database import Connection
from dispatcher.mirror.occupancy import Occupancy
from dispatcher.mirror.record import Life
from dispatcher.model.attempt import UNBEGUN
from dispatcher.model.brakes import Brakes
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.reasons import Reason
from dispatcher.rules.breaker import Pause, Scope
from dispatcher.rules.pacing import DAY
from dispatcher.settings import Settings

SYNC = "campaigns"
"""The kind of sync pass that decides how old the mirror is."""

_SILENT = timedelta(seconds=30)
"""The daemon leaves a sign of life every few seconds; after this without one it is not believed to run."""


@dataclass(frozen=True, slots=True)
class Slots:
    """What is taken of the limits: live calls by phone and campaign, and what waits on each phone for a dialer.

    `unbegun_since` tells for each phone since when its oldest call waits; `started` when its newest was made, and
    `begun`, where there is a limit to them, when those of the last 24 hours were begun (UTC).
    """

    on_phone: Mapping[str, int]
    in_campaign: Mapping[str, int]
    unbegun: Mapping[str, int]
    unbegun_since: Mapping[str, datetime]
    started: Mapping[str, datetime]
    begun: Mapping[str, Sequence[datetime]]

    @property
    def total(self) -> int:
        """Live calls in all."""
        return sum(self.on_phone.values())


@dataclass(frozen=True, slots=True)
class Facts:
    """What the mirror knows at one instant."""

    campaigns: Mapping[str, Campaign]
    phones: Mapping[str, Phone]
    brakes: Brakes
    life: Life | None
    synced_at: datetime | None
    orders_seen_at: Mapping[str, datetime]
    orders_imported_at: Mapping[str, datetime]
    backlog: Mapping[str, Backlog]
    slots: Slots
    pauses: Mapping[tuple[Scope, str], Pause]


def read_facts(connection: Connection, settings: Settings, at: datetime, campaign: str | None = None) -> Facts:
    """Read the facts; what is due is counted as of `at`, for one campaign or for all."""
    known, phones = campaigns.load(connection)
    rate = settings.limits.phone_calls_per_second
    started = attempts.last_started(connection, at - timedelta(seconds=1 / rate))
    return Facts(
        campaigns=known,
        phones=phones,
        brakes=brakes.current(connection),
        life=record.current(connection),
        synced_at=synced_at(connection),
        orders_seen_at=campaigns.orders_seen_at(connection),
        orders_imported_at=campaigns.orders_imported_at(connection),
        backlog=backlog(connection, at, campaign),
        slots=_slots(
            occupancy.occupancy(connection, at - settings.hopper.call_timeout),
            started,
            read_begun(connection, settings, at, known.values()),
        ),
        pauses=breakers.load(connection),
    )


def read_begun(
    connection: Connection, settings: Settings, at: datetime, of: Iterable[Campaign]
) -> Mapping[str, Sequence[datetime]]:
    """Return when the phones of these campaigns began their calls of the last 24 hours, if there is a limit to them."""
    if settings.limits.phone_calls_per_day is None:
        return {}
    return slots.begun(connection, {one.phone for one in of if one.phone is not None}, at - DAY)


def synced_at(connection: Connection) -> datetime | None:
    """Return when the pass began by which campaigns and phones were last read to the end."""
    last = record.last_pass(connection, SYNC, ok=True)
    return last.started_at if last else None


def running(life: Life | None, now: datetime) -> bool:
    """Tell whether the daemon has given a sign of life lately."""
    return life is not None and now - life.beat_at < _SILENT


def withheld(life: Life | None, now: datetime) -> Mapping[str, Reason]:
    """Return why a living daemon puts nothing on the queues of single phones, by their uuids."""
    return life.withheld if life is not None and running(life, now) else {}


def silence(life: Life | None, now: datetime) -> str | None:
    """Return in a sentence that no daemon is running, or None if one is."""
    if life is None:
        return "no dispatcher has ever run on this database: nothing is dialled until `dispatcher run` does"
    if running(life, now):
        return None
    age = (now - life.beat_at).total_seconds()
    return f"the dispatcher on {life.host} has given no sign of life for {age:.0f} s: nothing is dialled without it"


def _slots(taken: list[Occupancy], started: Mapping[str, datetime], begun: Mapping[str, Sequence[datetime]]) -> Slots:
    on_phone: Counter[str] = Counter()
    in_campaign: Counter[str] = Counter()
    unbegun: Counter[str] = Counter()
    since: dict[str, datetime] = {}
    for one in taken:
        on_phone[one.phone] += one.calls
        in_campaign[one.campaign] += one.calls
        if one.state in UNBEGUN:
            unbegun[one.phone] += one.calls
            since[one.phone] = min(one.since, since.get(one.phone, one.since))
    return Slots(on_phone, in_campaign, unbegun, since, started, begun)
