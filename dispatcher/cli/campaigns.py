"""`dispatcher campaigns`: every campaign, and what stands against it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.signals import run
from dispatcher.cli.times import local, now, read, until, utc

if TYPE_CHECKING:
    from dispatcher.cli.tables import Page


_ROOM_FOR_CLOCK, _ROOM_FOR_UTC = 110, 140
"""In columns."""


@click.command(cls=Taught, examples=["dispatcher campaigns", "dispatcher campaigns -o json"])
@common
@click.pass_obj
def campaigns(given: Common) -> None:
    """List the campaigns, and why some are not dialled.

    Where one is not, the first reason stands in place of yes; `dispatcher explain CAMPAIGN` tells all of them.
    """
    given.show(run(_campaigns(given)), _page)


async def _campaigns(given: Common) -> dict[str, Any]:
    settings = given.settings()
    from dispatcher.cli.mirrored import sources
    from dispatcher.reports.campaigns import campaigns as report
    from dispatcher.rules.zones import use_newest

    use_newest()
    async with sources(settings) as opened:
        return await report(opened, now())


def _page(page: Page, document: dict[str, Any]) -> None:
    found = document["campaigns"]
    for problem in document.get("problems", ()):
        page.bad(problem)
    if not found:
        page.line("The mirror holds no campaigns.")
        page.advice("`dispatcher sync` reads them; `dispatcher check` tells which account the token is of.")
        return
    ids = page.ids(one["uuid"] for one in found)
    noted = Counter(note["code"] for one in found for note in one["notes"])
    page.table(
        ["campaign", "name", "dialled", "opens or closes", *(["notes"] if noted else [])],
        [
            (
                ids[one["uuid"]],
                one["name"],
                one["reasons"][0]["code"] if one["reasons"] else one["dialing"],
                _change(one, page.width),
                *([len(one["notes"]) or None] if noted else []),
            )
            for one in found
        ],
    )
    page.line()
    if noted:
        page.line(f"Notes: {', '.join(f'{number} {code}' for code, number in sorted(noted.items()))}.", "yellow")
    dialled, are_open = (sum(one[key] for one in found) for key in ("dialing", "open"))
    page.advice(f"{dialled} of {len(found)} are dialled, {are_open} are open.")
    if document["synced_at"]:
        page.advice(f"The platform was read {until(read(document['synced_at']))}.")
    page.advice("`dispatcher explain CAMPAIGN` tells every reason; the start of the uuid or the name will do.")


def _change(campaign: dict[str, Any], width: int) -> str | None:
    """Write when a campaign opens or closes next, on its own clock and in UTC as far as there is room.

    Only one with a zone that is known ever does.
    """
    if campaign["next_change"] is None:
        return None
    at, zone = read(campaign["next_change"]), ZoneInfo(campaign["timezone"])
    what = "closes" if campaign["open"] else "opens"
    if width < _ROOM_FOR_CLOCK:
        return f"{what} {until(at)}"
    return f"{what} {until(at)}, {local(at, zone)}" + (f", {utc(at)}" if width >= _ROOM_FOR_UTC else "")
