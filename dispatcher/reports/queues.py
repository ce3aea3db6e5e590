"""The queue of each phone."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatcher.errors import TransientError
from dispatcher.hopper.watch import Depth
from dispatcher.mirror import brakes, breakers, campaigns, occupancy, record
from dispatcher.mirror.database import Connection
from dispatcher.mirror.occupancy import Occupancy
from dispatcher.model.brakes import Brakes
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.reasons import Reason
from dispatcher.reports.facts import read_begun, withheld
from dispatcher.reports.instants import iso
from dispatcher.reports.judgement import document
from dispatcher.reports.shares import shares
from dispatcher.reports.sources import Sources
from dispatcher.rules.breaker import Pause, Scope
from dispatcher.settings import Settings

NO_REDIS = "Redis was not asked"


@dataclass(frozen=True, slots=True)
class _Mirror:
    campaigns: Mapping[str, Campaign]
    phones: Mapping[str, Phone]
    brakes: Brakes
    taken: Sequence[Occupancy]
    begun: Mapping[str, Sequence[datetime]]
    pauses: Mapping[tuple[Scope, str], Pause]
    withheld: Mapping[str, Reason]


async def queues(sources: Sources, now: datetime) -> dict[str, Any]:
    """Return every phone of the mirror or the hopper, with how deep its queue is at `now`.

    `ready` counts the calls that nobody has claimed, `in_flight` those that a dialer has, both as Redis has them (null
    where it does not answer); `live` what takes up slots, as SQL has it. `calls_24h` are those that were begun within
    24 hours, null where there is no limit to them; `failing` the sentence on a phone whose calls fail, with when it is
    tried again; `withheld` the reason why nothing is put on its queue; `campaigns` those that share the phone now.
    TransientError if SQL fails.
    """
    settings = sources.settings
    mirror = await sources.database.read(_look, settings, now)
    depths, problem = await hopper_depths(sources)
    # Thousands of schedules take tenths of a second: not on the loop that queues calls.
    sharing = await asyncio.to_thread(shares, mirror.campaigns.values(), mirror.phones, mirror.brakes, now, settings)
    gone = sorted(set(depths or ()) - set(mirror.phones))
    live: Counter[str] = Counter()
    for one in mirror.taken:
        live[one.phone] += one.calls
    return {
        "problems": [problem] if problem else [],
        "phones": [
            _queue(uuid, mirror.phones.get(uuid), depths, now)
            | {
                "concurrency": settings.limits.phone_concurrency,
                "live": live[uuid],
                "paused": mirror.brakes.phones.get(uuid),
                "calls_24h": None if settings.limits.phone_calls_per_day is None else len(mirror.begun.get(uuid, ())),
                "calls_per_day": settings.limits.phone_calls_per_day,
                "failing": _failing(mirror.pauses.get((Scope.PHONE, uuid)), uuid, now),
                "withheld": document(mirror.withheld[uuid]) if uuid in mirror.withheld else None,
                "campaigns": sharing.get(uuid, []),
            }
            for uuid in [*mirror.phones, *gone]
        ],
    }


def _failing(pause: Pause | None, phone: str, now: datetime) -> dict[str, Any] | None:
    if pause is None:
        return None
    reason = pause.reason(Scope.PHONE, phone, now) or pause.trial(Scope.PHONE, phone)
    return {"detail": reason.detail, "until": iso(reason.until)} if reason else None


async def hopper_depths(sources: Sources) -> tuple[dict[str, Depth] | None, str | None]:
    """Return how deep each phone's queue in Redis is; or None, and a sentence on why that is not known."""
    if sources.watch is None:
        return None, NO_REDIS
    try:
        return {phone: await sources.watch.depth(phone) for phone in await sources.watch.phones()}, None
    except TransientError as fault:
        return None, str(fault)


def _look(connection: Connection, settings: Settings, now: datetime) -> _Mirror:
    known, phones = campaigns.load(connection)
    ordered = sorted(phones.values(), key=lambda phone: (phone.name, phone.number, phone.uuid))
    return _Mirror(
        campaigns=known,
        phones={phone.uuid: phone for phone in ordered},
        brakes=brakes.current(connection),
        taken=occupancy.occupancy(connection, now - settings.hopper.call_timeout),
        begun=read_begun(connection, settings, now, known.values()),
        pauses=breakers.load(connection),
        withheld=withheld(record.current(connection), now),
    )


def _queue(uuid: str, phone: Phone | None, depths: Mapping[str, Depth] | None, now: datetime) -> dict[str, Any]:
    depth = depths.get(uuid, Depth(0, 0, None)) if depths is not None else None
    oldest = depth.oldest_ready_at if depth else None
    return {
        "phone": uuid,
        "number": phone.number if phone else None,
        "name": phone.name if phone else None,
        "status": phone.status if phone else "removed",
        "ready": depth.ready if depth else None,
        "in_flight": depth.claimed if depth else None,
        # By Redis's clock, which may be a little ahead of this host's.
        "oldest_ready_s": round(max(0.0, (now - oldest).total_seconds()), 3) if oldest else None,
    }
