"""Every campaign, and what stands against dialling it now."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dispatcher.mirror.orders import Backlog
from dispatcher.model.reasons import Reason
from dispatcher.reports.facts import Facts, read_facts, silence
from dispatcher.reports.instants import iso
from dispatcher.reports.judgement import daemon_reasons, document, reasons_now
from dispatcher.reports.sources import Sources
from dispatcher.rules.eligibility import next_open
from dispatcher.rules.plan import Plan, make_plan
from dispatcher.rules.windows import next_change
from dispatcher.settings import Settings


async def campaigns(sources: Sources, now: datetime) -> dict[str, Any]:
    """Return every campaign of the mirror, by name, with every reason that stands against it at `now`.

    `open` says that its window is; `dialing` that nothing at all stands against it. TransientError if SQL fails.
    """
    facts = await sources.database.read(read_facts, sources.settings, now)
    # Thousands of campaigns take tenths of a second: not on the loop that queues calls.
    return await asyncio.to_thread(_documents, facts, now, sources.settings)


def _documents(facts: Facts, now: datetime, settings: Settings) -> dict[str, Any]:
    silent = silence(facts.life, now)
    blocking = daemon_reasons(facts, now, settings)
    plans = (make_plan(campaign, facts.phones) for campaign in facts.campaigns.values())
    return {
        "at": iso(now),
        "problems": [silent] if silent else [],
        "campaigns": [
            _campaign(facts, plan, now, reasons_now(facts, plan, now, settings, blocking=blocking)) for plan in plans
        ],
    }


def _campaign(facts: Facts, plan: Plan, now: datetime, reasons: Sequence[Reason]) -> dict[str, Any]:
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
        "notes": list(plan.notes),
    }
