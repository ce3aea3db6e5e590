"""`dispatcher explain`: why a campaign, or one of its orders, is or is not dialled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.outlook import last_call, tell
from dispatcher.cli.signals import run
from dispatcher.cli.times import Time, both, now, read

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from dispatcher.cli.tables import Page


@click.command(
    cls=Taught,
    examples=[
        "dispatcher explain 'Summer Promotion 2026'",
        "dispatcher explain 8f3a91b2 order_9z8y --at 2026-11-02T09:00-05:00",
    ],
)
@click.argument("campaign")
@click.argument("order", required=False)
@click.option(
    "--at",
    type=Time(),
    default="now",
    metavar="TIME",
    help="Explain for this instant: ISO 8601, in UTC if it has no offset, or now (the default).",
)
@common
@click.pass_obj
def explain(given: Common, campaign: str, order: str | None, at: datetime) -> None:
    """Tell why a campaign is or is not dialled.

    Every blocking reason, and the next moment that it could be.
    CAMPAIGN is a uuid, the start of one, or a name. With ORDER, the uuid of one of its orders or the start of
    it, the same for that order. What will be at another instant is told by what is known now.
    """
    given.show(run(_explain(given, campaign, order, at)), _page)


async def _explain(given: Common, campaign: str, order: str | None, at: datetime) -> dict[str, Any]:
    settings = given.settings()
    from dispatcher.cli.mirrored import sources
    from dispatcher.reports.explain import explain as report
    from dispatcher.rules.zones import use_newest

    use_newest()
    async with sources(settings) as opened:
        return await report(opened, campaign, order, at, now())


def _page(page: Page, document: dict[str, Any]) -> None:
    zone = _zone(document["timezone"])
    page.line(document["name"], "bold")
    page.facts(
        {"campaign": document["campaign"]}
        | ({"order": f"{document['order']} ({document['order_status']})"} if "order" in document else {})
        | {"at": both(read(document["at"]), zone)}
        | last_call(document["last_call"])
    )
    for problem in document.get("problems", ()):
        page.bad(problem)
    for note in document.get("notes", ()):
        page.advice(f"Note ({note['code']}): {note['detail']}.")
    page.line()
    if document["dialing"]:
        page.good("It is dialled: nothing stands against it.")
    else:
        page.bad("It is not dialled:")
    for one in document["reasons"]:
        page.line(f"  {one['code']}", "bold")
        page.line(f"    {one['detail']}")
        if one["until"]:
            page.line(f"    until {both(read(one['until']), zone)}")
    page.line()
    if not document["dialing"]:
        _next(page, document, zone)
    if letter := document.get("dead_letter"):
        page.advice(f"It is dead letter {letter['id']}: {letter['why']}. `dispatcher dead retry` opens it again.")
    if (share := document.get("share")) and share["among"] > 1:
        page.line(f"It gets {share['share']:.0%} of its phone's calls, which {share['among']} campaigns share now.")
    if "forecast" in document:
        tell(page, document["forecast"], zone)


def _next(page: Page, document: dict[str, Any], zone: tzinfo | None) -> None:
    if document["next_open"] == document["at"]:
        page.advice("Its hours allow it: what stands above has to change.")
    elif document["next_open"]:
        page.line(f"By the clock it could be dialled next at {both(read(document['next_open']), zone)}.")
    else:
        page.advice("No passing of time opens it: what stands above has to change.")


def _zone(name: str | None) -> tzinfo | None:
    from dispatcher.rules.zones import ZoneFault, zone

    try:
        return zone(name)
    except ZoneFault:
        return None
