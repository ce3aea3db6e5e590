"""The queue of each phone."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatcher.errors import TransientError
from dispatcher.hopper.watch import Depth
from dispatcher.mirror import attempts, brakes, campaigns
from dispatcher.mirror.attempts import Occupancy
from dispatcher.mirror.database import Connection
from dispatcher.model.brakes import Brakes
from dispatcher.model.campaign import Phone
from dispatcher.reports.sources import Sources

NO_REDIS = "Redis was not asked"


async def queues(sources: Sources, now: datetime) -> dict[str, Any]:
    """Return every phone of the mirror or the hopper, with how deep its queue is at `now`.

    `ready` counts the calls that nobody has claimed, `in_flight` those that a dialer has, both as Redis has them (null
    where it does not answer); `live` what takes up slots, as SQL has it. TransientError if SQL fails.
    """
    phones, braked, taken = await sources.database.read(_look, now - sources.settings.hopper.call_timeout)
    depths, problem = await hopper_depths(sources)
    gone = sorted(set(depths or ()) - set(phones))
    live: Counter[str] = Counter()
    for one in taken:
        live[one.phone] += one.calls
    return {
        "problems": [problem] if problem else [],
        "phones": [
            _queue(uuid, phones.get(uuid), depths, now)
            | {
                "concurrency": sources.settings.limits.phone_concurrency,
                "live": live[uuid],
                "paused": braked.phones.get(uuid),
            }
            for uuid in [*phones, *gone]
        ],
    }


async def hopper_depths(sources: Sources) -> tuple[dict[str, Depth] | None, str | None]:
    """Return how deep each phone's queue in Redis is; or None, and a sentence on why that is not known."""
    if sources.watch is None:
        return None, NO_REDIS
    try:
        return {phone: await sources.watch.depth(phone) for phone in await sources.watch.phones()}, None
    except TransientError as fault:
        return None, str(fault)


def _look(connection: Connection, since: datetime) -> tuple[dict[str, Phone], Brakes, list[Occupancy]]:
    phones = campaigns.load(connection)[1]
    ordered = sorted(phones.values(), key=lambda phone: (phone.name, phone.number, phone.uuid))
    return {phone.uuid: phone for phone in ordered}, brakes.current(connection), attempts.occupancy(connection, since)


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
