"""`dispatcher status`: how things stand, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.faults import problem
from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.signals import run
from dispatcher.cli.times import both, now, read, utc

if TYPE_CHECKING:
    from dispatcher.cli.tables import Page


@click.command(cls=Taught, examples=["dispatcher status", "dispatcher status -o json | jq .healthy"])
@common
@click.pass_obj
def status(given: Common) -> None:
    """Show how things stand: health, mirror, hopper and attempts.

    The exit code is 1 when something is not healthy, so that a script can ask.
    """
    document = run(_status(given))
    given.show(document, _page)
    if not document["healthy"]:
        raise problem()


async def _status(given: Common) -> dict[str, Any]:
    settings = given.settings()
    from dispatcher.cli.mirrored import sources
    from dispatcher.reports.status import status as report
    from dispatcher.rules.zones import use_newest

    use_newest()
    async with sources(settings) as opened:
        return await report(opened, now())


def _page(page: Page, document: dict[str, Any]) -> None:
    if document["healthy"]:
        page.good("healthy")
    else:
        page.bad("not healthy")
    for problem_ in document.get("problems", ()):
        page.line(f"  {problem_}")
    for one in document.get("failing") or ():
        page.line(f"  {one['detail']}")
    page.line()
    page.facts(
        {
            "mirror": _mirror(document["mirror"]),
            "hopper": _hopper(document["hopper"]),
            "attempts": _numbers(document["attempts"]),
            "outcomes": _numbers(document.get("outcomes")),
            "daemon": _daemon(document.get("daemon")),
        }
    )
    mirror = document["mirror"]
    if mirror and not mirror["synced_at"]:
        page.advice("Nothing has been read from the platform yet: `dispatcher sync` does it once, `run` all the time.")
    elif not document["healthy"]:
        page.advice("`dispatcher check` tries every part.")
    if document.get("uncertain"):
        lost = f" ({document['held_after_loss']} of them after a loss of Redis)" if document["held_after_loss"] else ""
        page.advice(f"`dispatcher jobs --state uncertain` lists the calls of which nobody knows what became{lost};")
        page.advice("`dispatcher job release` and `dispatcher job close` decide about them.")
    if number := document.get("dead_letters"):
        page.advice(f"`dispatcher dead list` shows {number} that failed for good.")
    if number := document.get("reports_given_up"):
        page.advice(f"`dispatcher reports list` shows {number} whose end the platform could not be told.")


def _mirror(mirror: dict[str, Any] | None) -> str:
    if mirror is None:
        return "out of reach"
    synced = both(read(mirror["synced_at"]), None) if mirror["synced_at"] else "never"
    return f"{mirror['campaigns']} campaigns, {mirror['phones']} phones, {mirror['orders']} orders; read {synced}"


def _hopper(hopper: dict[str, Any] | None) -> str:
    return "out of reach" if hopper is None else f"{hopper['ready']} ready, {hopper['in_flight']} in flight"


def _numbers(counts: dict[str, int] | None) -> str:
    return ", ".join(f"{number} {name}" for name, number in (counts or {}).items() if number) or "none yet"


def _daemon(daemon: dict[str, Any] | None) -> str:
    if daemon is None or not daemon["running"]:
        return "not running"
    return f"running on {daemon['host']} since {utc(read(daemon['started_at']))}"
