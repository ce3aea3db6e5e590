"""Why a campaign, or one order of it, is or is not dialled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatcher.mirror import dead_letters, history
from dispatcher.mirror.attempts import Attempt
from dispatcher.mirror.database import Connection
from dispatcher.mirror.dead_letters import Letter
from dispatcher.model.campaign import Campaign
from dispatcher.model.order import OrderRecord
from dispatcher.model.reasons import Reason
from dispatcher.reports import dead_letters as letters
from dispatcher.reports import forecast, judgement
from dispatcher.reports.facts import Facts, read_facts, silence
from dispatcher.reports.finding import find_campaign, find_order
from dispatcher.reports.forecast import read_outlook
from dispatcher.reports.guards import last_call, read_guard
from dispatcher.reports.instants import iso
from dispatcher.reports.jobs import decided, masked
from dispatcher.reports.notes import documents
from dispatcher.reports.samples import read_sample
from dispatcher.reports.shares import shares
from dispatcher.reports.sources import Sources
from dispatcher.rules.eligibility import next_open, order_reasons, spacing_of
from dispatcher.rules.last_call import Guard
from dispatcher.rules.lint import Sampled, lint
from dispatcher.rules.plan import Plan, make_plan
from dispatcher.rules.spacing import Call, spacing_reasons
from dispatcher.rules.windows import next_change
from dispatcher.settings import Settings

_MOST_STEPS = 100
"""Windows that are looked at for one that suits an order; each step is a window or a recipient's day later."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The order that was asked about, its attempts, the calls of all campaigns to its person, and its dead letter."""

    record: OrderRecord
    attempts: Sequence[Attempt]
    calls: Sequence[Call]
    letter: Letter | None


async def explain(sources: Sources, campaign: str, order: str | None, at: datetime, now: datetime) -> dict[str, Any]:
    """Return every reason that stands against dialling at `at`, the first to mend first, and the next chance.

    `campaign` is a uuid, the start of only one, or an exact name. For another instant than `now` only what can be told
    of it is judged: what the campaign and the order are now, the brakes that are on, and the clock. The age of the
    mirror, the daemon's own conditions and the limits of the moment are left out.

    `forecast`, as of `now`, tells when the list of a campaign will be done, and `share` which part of its phone's calls
    it gets; they are not there with an order.

    `next_open` is the next instant from `at` at which the schedule is open. With an order it is the first at which the
    order's own time has come and the recipient may be called too, and null if something other than time forbids it.

    NotFoundError names what does not exist; TransientError if SQL fails.
    """
    facts, sampled, found, guard, asked = await sources.database.read(_look, sources.settings, campaign, order, at)
    plan = make_plan(found, facts.phones, sources.settings.schedule.blackout_dates)
    reasons = _reasons(facts, plan, asked, at, now, sources.settings, guard)
    silent = silence(facts.life, now) if at == now else None
    document: dict[str, Any] = {
        "campaign": found.uuid,
        "name": found.name,
        "timezone": found.timezone,
        "at": iso(at),
        "dialing": not reasons,
        "reasons": [judgement.document(reason) for reason in reasons],
        "open": next_open(plan, at) == at,
        "next_open": iso(next_open(plan, at)),
        "next_change": iso(next_change(plan.week, plan.zone, at)) if plan.week and plan.zone else None,
        "last_call": last_call(guard),
        "notes": documents(lint(plan, at, sampled)),
        "problems": [silent] if silent else [],
    }
    if asked is None:
        known = await sources.database.read(read_outlook, sources.settings, plan, now)
        document["forecast"] = forecast.document(plan, known, sampled, now, sources.settings)
        document["share"] = _share(facts, found, at, sources.settings)
    else:
        record = asked.record
        document |= {
            "order": record.order.uuid,
            "order_status": record.order.status.value,
            "number": masked(record.e164),
            "scheduled_at": iso(record.order.scheduled_at),
            "attempts": [decided(attempt) for attempt in asked.attempts],
            "dead_letter": letters.document(asked.letter) if asked.letter else None,
            "next_open": iso(_next_chance(plan, asked, at, sources.settings)),
        }
    return document


def _share(facts: Facts, campaign: Campaign, at: datetime, settings: Settings) -> dict[str, Any] | None:
    """Return the campaign's part of its phone's calls at `at`, and among how many; None if it is closed or paused."""
    sharing = [one for one in facts.campaigns.values() if one.phone == campaign.phone]
    together = shares(sharing, facts.phones, facts.brakes, at, settings).get(campaign.phone or "", [])
    mine = [one for one in together if one["campaign"] == campaign.uuid]
    return {"weight": mine[0]["weight"], "share": mine[0]["share"], "among": len(together)} if mine else None


def _look(
    connection: Connection, settings: Settings, campaign: str, order: str | None, at: datetime
) -> tuple[Facts, Sampled | None, Campaign, Guard, _Asked | None]:
    found = find_campaign(connection, campaign)
    facts = read_facts(connection, settings, at, found.uuid)
    sampled = read_sample(connection, found.uuid, settings, at)
    guard = read_guard(connection, found.uuid, settings, at)
    if order is None:
        return facts, sampled, found, guard, None
    record = find_order(connection, found, order)
    numbers = [record.e164] if record.e164 is not None else []
    rules, memory = settings.calling_rules.pack(), settings.retries.spacing().memory
    called = history.calls(connection, numbers, at - (max(memory, rules.memory) if rules else memory))
    calls = called.get(record.e164 or "", [])
    letter = dead_letters.of_order(connection, record.order.uuid)
    return facts, sampled, found, guard, _Asked(record, history.listed(connection, order=order), calls, letter)


def _reasons(
    facts: Facts, plan: Plan, asked: _Asked | None, at: datetime, now: datetime, settings: Settings, guard: Guard
) -> list[Reason]:
    if at == now:
        blocking = judgement.daemon_reasons(facts, now, settings)
        found = judgement.reasons_now(
            facts, plan, now, settings, guard=guard, blocking=blocking, with_orders=asked is None
        )
    else:
        found = judgement.reasons_at(facts, plan, at, guard)
        empty = judgement.no_orders(facts, plan) if asked is None else None
        found += [empty] if empty else []
    return found + (_own_reasons(asked, at, settings) if asked else [])


def _own_reasons(asked: _Asked, at: datetime, settings: Settings) -> list[Reason]:
    record, rules = asked.record, settings.calling_rules.pack()
    found = order_reasons(record, at, most_attempts=settings.retries.max_attempts, calling_rules=rules)
    spacing = spacing_of(record, at, settings.retries.spacing(), rules)
    return found + spacing_reasons(record.order.uuid, asked.calls, at, spacing)


def _next_chance(plan: Plan, asked: _Asked, at: datetime, settings: Settings) -> datetime | None:
    """Return the first instant from `at` at which the window is open and no reason of the order's own holds."""
    moment = at
    for _ in range(_MOST_STEPS):
        opens = next_open(plan, moment)
        if opens is None:
            return None
        reasons = _own_reasons(asked, opens, settings)
        if not reasons:
            return opens
        ends = [reason.until for reason in reasons if reason.until is not None]
        if len(ends) < len(reasons) or max(ends) <= opens:
            return None
        moment = max(ends)
    return None
