"""Every campaign, and what stands against dialling it now."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dispatcher.mirror.backlog import Backlog
from dispatcher.mirror.database import Connection
from dispatcher.model.reasons import Reason
from dispatcher.reports import notes
from dispatcher.reports.facts import Facts, read_facts, silence
from dispatcher.reports.instants import iso
from dispatcher.reports.judgement import daemon_reasons, document, reasons_now
from dispatcher.reports.notes import Notes
from dispatcher.reports.sources import Sources
from dispatcher.rules.eligibility import next_open
from dispatcher.rules.last_call import Guard, guard
from dispatcher.rules.lint import Sampled
from dispatcher.rules.plan import Plan, make_plan
from dispatcher.rules.windows import next_change
from dispatcher.settings import Settings


async def campaigns(sources: Sources, now: datetime) -> dict[str, Any]:
    """Return every campaign of the mirror, by name, with every reason that stands against it at `now`.

    `open` says that its window is; `dialing` that nothing at all stands against it. TransientError if SQL fails.
    """
    facts, sampled, guards = await sources.database.read(_look, sources, now)
    # Thousands of campaigns take tenths of a second: not on the loop that queues calls.
    return await asyncio.to_thread(_documents, facts, sampled, guards, now, sources.settings)


def _look(
    connection: Connection, sources: Sources, now: datetime
) -> tuple[Facts, Mapping[str, Sampled], Mapping[str, Guard]]:
    facts = read_facts(connection, sources.settings, now)
    sampled = sources.samples.read(connection, facts.backlog, sources.settings, now)
    return facts, sampled, sources.guards.read(connection, facts.backlog, sources.settings, now)


def _documents(
    facts: Facts, sampled: Mapping[str, Sampled], guards: Mapping[str, Guard], now: datetime, settings: Settings
) -> dict[str, Any]:
    silent = silence(facts.life, now)
    blocking = daemon_reasons(facts, now, settings)
    days_off, of_others = settings.schedule.blackout_dates, guard(settings.schedule.last_call_before_close, ())
    plans = [make_plan(campaign, facts.phones, days_off) for campaign in facts.campaigns.values()]
    noted = notes.review(plans, sampled, now)
    guarded = ((plan, guards.get(plan.campaign.uuid, of_others)) for plan in plans)
    standing = ((plan, reasons_now(facts, plan, now, settings, guard=own, blocking=blocking)) for plan, own in guarded)
    return {
        "at": iso(now),
        "problems": [silent] if silent else [],
        "synced_at": iso(facts.synced_at),
        "age_s": round((now - facts.synced_at).total_seconds(), 3) if facts.synced_at else None,
        "campaigns": [_campaign(facts, plan, now, reasons, noted) for plan, reasons in standing],
    }


def _campaign(facts: Facts, plan: Plan, now: datetime, reasons: Sequence[Reason], noted: Notes) -> dict[str, Any]:
    campaign = plan.campaign
    opens = next_open(plan, now)
    change = next_change(plan.week, plan.zone, now) if plan.week is not None and plan.zone is not None else None
    backlog = facts.backlog.get(campaign.uuid, Backlog())
    return {
        "uuid": campaign.uuid,
        "name": campaign.name,
        "status": campaign.status,
        "type": campaign.type,
        "timezone": campaign.timezone,
        "phone": campaign.phone,
        "open": opens == now,
        "dialing": not reasons,
        "reasons": [document(reason) for reason in reasons],
        "next_change": iso(change),
        "next_open": iso(opens),
        "waiting": backlog.waiting,
        "due": backlog.due,
        "live": facts.slots.in_campaign.get(campaign.uuid, 0),
        "notes": notes.documents(noted.get(campaign.uuid, ())),
    }
