"""`dispatcher preview`: the exact opening times to come."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click

from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.times import Time, clock, length, local, now, read, until, utc
from dispatcher.errors import NotFoundError
from dispatcher.model.reasons import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dispatcher.cli.tables import Page
    from dispatcher.model.note import Note
    from dispatcher.rules.schedule import Week

T = TypeVar("T")

_DAYS = 7
_MOST_DAYS = 3660
_FAULTS = {Code.NO_SCHEDULE, Code.SCHEDULE_INVALID, Code.NO_TIMEZONE, Code.TIMEZONE_UNKNOWN}


@click.command(
    cls=Taught,
    examples=[
        "dispatcher preview 8f3a91b2 --days 14",
        """dispatcher preview --schedule '{"mon": {"start": "09:00", "end": "17:00"}}' --timezone Europe/London""",
    ],
)
@click.argument("campaign", required=False)
@click.option("--schedule", metavar="JSON", help="Preview this schedule instead: days mon to sun with start and end.")
@click.option("--timezone", metavar="TZ", help="The zone that --schedule is read in, such as Europe/London.")
@click.option("--from", "start", type=Time(), default="now", metavar="TIME", help="The first instant (default: now).")
@click.option("--to", "end", type=Time(), metavar="TIME", help="The instant at which the preview ends.")
@click.option(
    "--days",
    type=click.IntRange(1, _MOST_DAYS),
    help=f"In place of --to: so many times 24 hours (default: {_DAYS}).",
)
@common
@click.pass_obj
def preview(
    given: Common,
    campaign: str | None,
    schedule: str | None,
    timezone: str | None,
    start: datetime,
    end: datetime | None,
    days: int | None,
) -> None:
    """Show the exact opening times to come.

    Each window on the campaign's own clock and in UTC, clock changes included.
    CAMPAIGN is a uuid, the start of one, or a name. With --schedule and --timezone nothing else is needed: no
    configuration, database, Redis or API. TIME is ISO 8601, in UTC if it has no offset, or now.
    """
    from dispatcher.reports.preview import preview as report
    from dispatcher.rules.zones import use_newest

    if (campaign is None) == (schedule is None):
        raise click.UsageError("Give either a CAMPAIGN, or --schedule with --timezone.")
    if (schedule is None) != (timezone is None):
        raise click.UsageError("--schedule and --timezone go together.")
    until_ = _end(start, end, days)
    use_newest()
    named: dict[str, Any] = {}
    if campaign is None:
        week, zone, notes = _from_options(schedule, timezone)
    else:
        named, week, zone, notes = _from_mirror(given, campaign)
    given.show(named | report(week, zone, start, until_, now(), notes), _page)


def _end(start: datetime, end: datetime | None, days: int | None) -> datetime:
    if end is not None and days is not None:
        raise click.UsageError("Give --to or --days, not both.")
    if end is None:
        try:
            return start + timedelta(days=days or _DAYS)
        except OverflowError:
            raise click.UsageError("--from is too late for so many days.") from None
    if end <= start:
        raise click.UsageError(f"--to ({utc(end)}) must be later than --from ({utc(start)}).")
    if end - start > timedelta(days=_MOST_DAYS):
        raise click.UsageError(f"--to must be at most {_MOST_DAYS} days after --from.")
    return end


def _from_options(schedule: str | None, timezone: str | None) -> tuple[Week, ZoneInfo, Sequence[Note]]:
    """Read what the command line gives; what is wrong there is wrong usage."""
    from dispatcher.rules.lint import lint_schedule
    from dispatcher.rules.schedule import parse_schedule
    from dispatcher.rules.zones import zone

    try:
        written = json.loads(schedule or "")
    except (ValueError, RecursionError) as fault:
        raise click.UsageError(f"--schedule is no JSON: {fault}.") from None
    faults: list[str] = []
    week = _unless_faulty(lambda: parse_schedule(written), faults)
    place = _unless_faulty(lambda: zone(timezone), faults)
    if week is None or place is None:
        raise click.UsageError("; ".join(faults) + ".")
    return week, place, lint_schedule(written, week)


def _unless_faulty(make: Callable[[], T], faults: list[str]) -> T | None:
    from dispatcher.rules.fault import Fault

    try:
        return make()
    except Fault as fault:
        faults.append(fault.detail)
        return None


def _from_mirror(given: Common, name: str) -> tuple[dict[str, Any], Week, ZoneInfo, Sequence[Note]]:
    settings = given.settings()
    from dispatcher.cli.mirrored import opened
    from dispatcher.reports.preview import found as look
    from dispatcher.rules.lint import lint

    with opened(settings) as database:
        plan, sampled = database.run(look, settings, name)
    campaign = plan.campaign
    if plan.week is None or plan.zone is None:
        faults = "; ".join(one.detail for one in plan.standing if one.code in _FAULTS)
        raise NotFoundError(f"campaign {campaign.uuid} ({campaign.name}) never opens: {faults}")
    named = {"campaign": campaign.uuid, "name": campaign.name}
    return named, plan.week, plan.zone, lint(plan, now(), sampled)


def _page(page: Page, document: dict[str, Any]) -> None:
    zone = ZoneInfo(document["timezone"])
    if "name" in document:
        page.line(document["name"], "bold")
    page.line(f"{'Open' if document['open_now'] else 'Closed'} now, {local(now(), zone)}, {utc(now())}.")
    for note in document.get("notes", ()):
        page.advice(f"Note ({note['code']}): {note['detail']}.")
    page.line()
    windows = [(read(one["opens_at"]), read(one["closes_at"])) for one in document["windows"]]
    if not windows:
        page.line(f"It is closed from {utc(read(document['from']))} to {utc(read(document['to']))}.")
        page.advice("Look further ahead with --days.")
        return
    page.table(
        [f"opens, {document['timezone']}", "closes", "opens, UTC", "closes", "for"],
        [
            (local(a, zone), f"{b.astimezone(zone):%a} {clock(b, zone)}", utc(a, ""), utc(b, "")[-5:], length(b - a))
            for a, b in windows
        ],
    )
    coming = next((opens for opens, _ in windows if opens > now()), None)
    if coming:
        page.line()
        page.line(f"It opens next {until(coming)}.")
