"""Why a campaign, or one order of it, is or is not dialled."""

from datetime import datetime
from typing import Any

from dispatcher.errors import NotFoundError
from dispatcher.mirror import attempts, orders
from dispatcher.mirror.attempts import Attempt
from dispatcher.mirror.database import Connection
from dispatcher.model.campaign import Campaign
from dispatcher.model.order import OrderRecord
from dispatcher.model.reasons import Reason
from dispatcher.reports import judgement
from dispatcher.reports.facts import Facts, read_facts, silence
from dispatcher.reports.finding import find_campaign
from dispatcher.reports.instants import iso
from dispatcher.reports.jobs import job, masked
from dispatcher.reports.sources import Sources
from dispatcher.rules.eligibility import next_open, order_reasons
from dispatcher.rules.plan import Plan, make_plan
from dispatcher.rules.windows import next_change
from dispatcher.settings import Settings

_MOST_STEPS = 100
"""Windows that are looked at for one that suits an order; each step is a window or a recipient's day later."""


async def explain(sources: Sources, campaign: str, order: str | None, at: datetime, now: datetime) -> dict[str, Any]:
    """Return every reason that stands against dialling at `at`, the first to mend first, and the next chance.

    `campaign` is a uuid, the start of only one, or an exact name. For another instant than `now` only what can be told
    of it is judged: what the campaign and the order are now, the brakes that are on, and the clock. The age of the
    mirror, the daemon's own conditions and the limits of the moment are left out.

    `next_open` is the next instant from `at` at which the schedule is open. With an order it is the first at which the
    order's own time has come and the recipient may be called too, and null if something other than time forbids it.

    NotFoundError names what does not exist; TransientError if SQL fails.
    """
    facts, found, record, tried = await sources.database.read(_look, sources.settings, campaign, order, at)
    plan = make_plan(found, facts.phones)
    reasons = _reasons(facts, plan, record, at, now, sources.settings)
    silent = silence(facts.life, now) if at == now else None
    document = {
        "campaign": found.uuid,
        "name": found.name,
        "timezone": found.timezone,
        "at": iso(at),
        "dialing": not reasons,
        "reasons": [judgement.document(reason) for reason in reasons],
        "open": next_open(plan, at) == at,
        "next_open": iso(next_open(plan, at)),
        "next_change": iso(next_change(plan.week, plan.zone, at)) if plan.week and plan.zone else None,
        "notes": list(plan.notes),
        "problems": [silent] if silent else [],
    }
    if record is not None:
        document |= {
            "order": record.order.uuid,
            "order_status": record.order.status.value,
            "number": masked(record.e164),
            "scheduled_at": iso(record.order.scheduled_at),
            "attempts": [job(attempt) for attempt in tried],
            "next_open": iso(_next_chance(plan, record, at, sources.settings)),
        }
    return document


def _look(
    connection: Connection, settings: Settings, campaign: str, order: str | None, at: datetime
) -> tuple[Facts, Campaign, OrderRecord | None, list[Attempt]]:
    found = find_campaign(connection, campaign)
    facts = read_facts(connection, settings, at, found.uuid)
    if order is None:
        return facts, found, None, []
    record = orders.record(connection, order)
    if record is None or record.order.campaign != found.uuid:
        raise NotFoundError(f"campaign {found.uuid} has no order {order!r} in the mirror")
    return facts, found, record, attempts.listed(connection, order=order)


def _reasons(
    facts: Facts, plan: Plan, record: OrderRecord | None, at: datetime, now: datetime, settings: Settings
) -> list[Reason]:
    if at == now:
        blocking = judgement.daemon_reasons(facts, now, settings)
        found = judgement.reasons_now(facts, plan, now, settings, blocking=blocking, with_orders=record is None)
    else:
        found = judgement.reasons_at(facts, plan, at, settings)
        empty = judgement.no_orders(facts, plan) if record is None else None
        found += [empty] if empty else []
    return found + (_own_reasons(record, at, settings) if record else [])


def _own_reasons(record: OrderRecord, at: datetime, settings: Settings) -> list[Reason]:
    return order_reasons(
        record,
        at,
        most_attempts=settings.retries.max_attempts,
        calling_rules=settings.calling_rules.enabled,
    )


def _next_chance(plan: Plan, record: OrderRecord, at: datetime, settings: Settings) -> datetime | None:
    """Return the first instant from `at` at which the window is open and no reason of the order's own holds."""
    moment = at
    for _ in range(_MOST_STEPS):
        opens = next_open(plan, moment)
        if opens is None:
            return None
        reasons = _own_reasons(record, opens, settings)
        if not reasons:
            return opens
        ends = [reason.until for reason in reasons if reason.until is not None]
        if len(ends) < len(reasons) or max(ends) <= opens:
            return None
        moment = max(ends)
    return None
