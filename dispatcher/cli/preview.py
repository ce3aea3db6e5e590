"""`dispatcher preview`: the exact opening times to come, drawn and listed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

import click

from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.times import Time, length, local, now, read, until, utc, weekday
from dispatcher.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dispatcher.cli.tables import Page
    from dispatcher.reports.preview import Asked, Preview

T = TypeVar("T")

_DAYS = 7
_MOST_DAYS = 3660


@click.command(
    cls=Taught,
    examples=[
        "dispatcher preview 8f3a91b2 --days 14",
        "dispatcher preview --all --html week.html",
        """dispatcher preview --schedule '{"mon": {"start": "09:00", "end": "17:00"}}' --timezone Europe/London""",
    ],
)
@click.argument("campaigns", metavar="[CAMPAIGN]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every campaign of the mirror.")
@click.option("--schedule", metavar="JSON", help="Preview this schedule instead: days mon to sun with start and end.")
@click.option("--timezone", metavar="TZ", help="The zone that --schedule is read in, such as Europe/London.")
@click.option("--from", "start", type=Time(), default="now", metavar="TIME", help="The first instant (default: now).")
@click.option("--to", "end", type=Time(), metavar="TIME", help="The instant at which the preview ends.")
@click.option(
    "--days",
    type=click.IntRange(1, _MOST_DAYS),
    help=f"In place of --to: so many times 24 hours (default: {_DAYS}).",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write a picture, a page that needs nothing else, to this file.",
)
@common
@click.pass_obj
def preview(
    given: Common,
    campaigns: tuple[str, ...],
    everything: bool,
    schedule: str | None,
    timezone: str | None,
    start: datetime,
    end: datetime | None,
    days: int | None,
    html: Path | None,
) -> None:
    """Show the exact opening times to come.

    A strip for each day on the campaign's own clock, and each window in UTC too, clock changes included; with a
    CAMPAIGN also when its list will be done.
    CAMPAIGN is a uuid, the start of one, or a name; several are drawn one under the other. With --schedule and
    --timezone nothing else is needed: no configuration, database, Redis or API. TIME is ISO 8601, in UTC if it has no
    offset, or now.
    """
    from dispatcher.reports.preview import Asked
    from dispatcher.rules.zones import use_newest

    if [bool(campaigns), everything, schedule is not None].count(True) != 1:
        raise click.UsageError("Give either a CAMPAIGN, or --schedule with --timezone, or --all.")
    if (schedule is None) != (timezone is None):
        raise click.UsageError("--schedule and --timezone go together.")
    asked = Asked(start, _end(start, end, days), now())
    use_newest()
    if schedule is not None:
        shown = [_from_options(schedule, timezone, asked)]
    else:
        shown = _from_mirror(given, None if everything else campaigns, asked)
    single = len(shown) == 1 and not everything
    if single and "fault" in shown[0].document:
        found = shown[0].document
        raise NotFoundError(f"campaign {found['campaign']} ({found['name']}) never opens: {found['fault']}")
    if html is not None:
        _write(html, shown, asked)
    if single:
        given.show(shown[0].document, lambda page, _: _page(page, shown[0], html))
    else:
        given.show({"campaigns": [one.document for one in shown]}, lambda page, _: _pages(page, shown, html))


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


def _from_options(schedule: str, timezone: str | None, asked: Asked) -> Preview:
    """Read what the command line gives; what is wrong there is wrong usage."""
    from dispatcher.reports.preview import preview as report
    from dispatcher.rules.lint import lint_schedule
    from dispatcher.rules.schedule import parse_schedule
    from dispatcher.rules.zones import zone

    try:
        written = json.loads(schedule)
    except (ValueError, RecursionError) as fault:
        raise click.UsageError(f"--schedule is no JSON: {fault}.") from None
    faults: list[str] = []
    week = _unless_faulty(lambda: parse_schedule(written), faults)
    place = _unless_faulty(lambda: zone(timezone), faults)
    if week is None or place is None:
        raise click.UsageError("; ".join(faults) + ".")
    return report(week, place, asked, lint_schedule(written, week))


def _unless_faulty(make: Callable[[], T], faults: list[str]) -> T | None:
    from dispatcher.rules.fault import Fault

    try:
        return make()
    except Fault as fault:
        faults.append(fault.detail)
        return None


def _from_mirror(given: Common, names: Sequence[str] | None, asked: Asked) -> list[Preview]:
    settings = given.settings()
    from dispatcher.cli.mirrored import opened
    from dispatcher.reports.campaign_preview import of_campaigns

    with opened(settings) as database:
        return database.run(of_campaigns, settings, names, asked)


def _write(path: Path, shown: Sequence[Preview], asked: Asked) -> None:
    from dispatcher.reports.picture import picture

    try:
        path.write_text(picture(shown, asked), encoding="utf-8", errors="replace")
    except OSError as fault:
        raise click.UsageError(f"--html: {path} cannot be written: {fault.strerror or fault}.") from None


def _pages(page: Page, shown: Sequence[Preview], html: Path | None) -> None:
    if not shown:
        page.line("The mirror holds no campaigns.")
    for number, one in enumerate(shown):
        if number:
            page.line()
        _head(page, one)
        if one.days:
            _coming(page, one)
    _written(page, html)


def _page(page: Page, shown: Preview, html: Path | None) -> None:
    document = shown.document
    zone = ZoneInfo(document["timezone"])
    _head(page, shown)
    page.line()
    windows = [(read(one["opens_at"]), read(one["closes_at"])) for one in document["windows"]]
    if windows:
        page.table(
            [f"opens, {zone.key}", "closes", "opens, UTC", "closes", "for"],
            [
                (local(a, zone), weekday(b, zone), weekday(a, UTC, ""), weekday(b, UTC, ""), length(b - a))
                for a, b in windows
            ],
        )
    else:
        page.line(f"It is closed from {utc(read(document['from']))} to {utc(read(document['to']))}.")
        page.advice("Look further ahead with --days.")
    _coming(page, shown)
    _written(page, html)


def _head(page: Page, shown: Preview) -> None:
    """Write whose hours these are, and draw them."""
    from dispatcher.cli.outlook import last_call
    from dispatcher.cli.strip import draw

    document = shown.document
    if "name" in document:
        page.line(document["name"] or document["campaign"], "bold")
    if not shown.days:
        page.bad(f"It never opens: {document['fault']}.")
        return
    zone = ZoneInfo(document["timezone"])
    page.line(f"{'Open' if document['open_now'] else 'Closed'} now, {local(now(), zone)}, {utc(now())}.")
    if document["blackout_dates"]:
        page.line(f"Blackout dates: {', '.join(document['blackout_dates'])}.")
    for name, told in last_call(document["last_call"]).items() if "last_call" in document else ():
        page.line(f"Its {name} begins {told}.")
    for note in document["notes"]:
        page.advice(f"Note ({note['code']}): {note['detail']}.")
    page.line()
    draw(page, shown.days, zone)


def _coming(page: Page, shown: Preview) -> None:
    """Write when it opens next, and when the list will be done."""
    from dispatcher.cli.outlook import tell

    document = shown.document
    coming = next((opens for one in document["windows"] if (opens := read(one["opens_at"])) > now()), None)
    page.line()
    if coming:
        page.line(f"It opens next {until(coming)}.")
    if "forecast" in document:
        tell(page, document["forecast"], ZoneInfo(document["timezone"]))


def _written(page: Page, html: Path | None) -> None:
    if html is not None:
        page.line()
        page.good(f"The picture is in {html}.")
