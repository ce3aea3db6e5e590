"""The opening times to come of campaigns in the mirror, with what is to be said of each."""

from collections.abc import Sequence

from dispatcher.mirror import campaigns
from dispatcher.mirror.database import Connection
from dispatcher.model.reasons import Code
from dispatcher.reports import forecast
from dispatcher.reports.finding import find_campaign
from dispatcher.reports.guards import last_call, read_guard
from dispatcher.reports.instants import iso
from dispatcher.reports.preview import Asked, Preview, preview
from dispatcher.reports.samples import read_sample
from dispatcher.rules.lint import lint
from dispatcher.rules.plan import Plan, make_plan
from dispatcher.settings import Settings

_UNREADABLE = (Code.NO_SCHEDULE, Code.SCHEDULE_INVALID, Code.NO_TIMEZONE, Code.TIMEZONE_UNKNOWN)


def of_campaigns(
    connection: Connection, settings: Settings, names: Sequence[str] | None, asked: Asked
) -> list[Preview]:
    """Return a preview of each campaign that is named, as `find_campaign` understands names, or of all by name.

    The document of a campaign that never opens has the `fault` as a sentence. NotFoundError names what does not exist.
    """
    known, phones = campaigns.load(connection)
    chosen = known.values() if names is None else [find_campaign(connection, name) for name in names]
    plans = (make_plan(campaign, phones, settings.schedule.blackout_dates) for campaign in chosen)
    return [_of_campaign(connection, settings, plan, asked) for plan in plans]


def _of_campaign(connection: Connection, settings: Settings, plan: Plan, asked: Asked) -> Preview:
    campaign = plan.campaign
    named = {"campaign": campaign.uuid, "name": campaign.name}
    if plan.week is None or plan.zone is None:
        faults = (reason.detail for reason in plan.standing if reason.code in _UNREADABLE)
        times = {"timezone": campaign.timezone, "from": iso(asked.start), "to": iso(asked.end)}
        return Preview(
            named | times | {"open_now": False, "windows": [], "notes": [], "fault": "; ".join(faults)},
        )
    sampled = read_sample(connection, campaign.uuid, settings, asked.now)
    shown = preview(plan.week, plan.zone, asked, lint(plan, asked.now, sampled))
    outlook = forecast.read_outlook(connection, settings, plan, asked.now)
    told = forecast.document(plan, outlook, sampled, asked.now, settings)
    guarded = {"last_call": last_call(read_guard(connection, campaign.uuid, settings, asked.now))}
    return Preview(named | shown.document | guarded | {"forecast": told}, shown.days)
