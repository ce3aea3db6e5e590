"""`dispatcher jobs`: attempts, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.signals import run
from dispatcher.cli.times import both, now, read, until
from dispatcher.model.attempt import State

if TYPE_CHECKING:
    from dispatcher.cli.tables import Page


@click.command(
    cls=Taught,
    examples=[
        "dispatcher jobs --state dialing",
        "dispatcher jobs --state uncertain --state queued --campaign 8f3a91b2",
        "dispatcher jobs --order order_9z8y -o json",
        "dispatcher jobs 0f3c9b7e",
    ],
)
@click.argument("job", required=False)
@click.option(
    "--state",
    "states",
    type=click.Choice([state.value for state in State]),
    multiple=True,
    help="Only attempts in this state; may be given more than once.",
)
@click.option("--campaign", metavar="CAMPAIGN", help="Only of this campaign: its uuid, the start of it, or its name.")
@click.option("--order", metavar="ORDER", help="Only of this order: its uuid, or the start of it.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="At most so many.")
@common
@click.pass_obj
def jobs(
    given: Common, job: str | None, states: tuple[str, ...], campaign: str | None, order: str | None, limit: int
) -> None:
    """List attempts, the newest first, and what became of each.

    An attempt is uncertain when it was perhaps begun and then nothing was heard; such an order is never dialled
    again by itself: `dispatcher job release` and `dispatcher job close` decide about it. With JOB, the id of one or
    the start of it, show that one and what it was allowed by: the hours, the zones and the rules as they were when it
    was queued.
    """
    if job is None:
        given.show(run(_jobs(given, states, campaign, order, limit)), _page)
    elif states or campaign is not None or order is not None:
        raise click.UsageError("JOB names one attempt: leave --state, --campaign and --order out.")
    else:
        given.show(run(_job(given, job)), _page_of_one)


async def _jobs(
    given: Common, states: tuple[str, ...], campaign: str | None, order: str | None, limit: int
) -> dict[str, Any]:
    settings = given.settings()
    from dispatcher.cli.mirrored import sources
    from dispatcher.reports.jobs import jobs as report

    chosen = [State(state) for state in states]
    async with sources(settings) as opened:
        return await report(opened, now(), states=chosen, campaign=campaign, order=order, limit=limit)


async def _job(given: Common, job: str) -> dict[str, Any]:
    settings = given.settings()
    from dispatcher.cli.mirrored import sources
    from dispatcher.reports.jobs import one

    async with sources(settings) as opened:
        return await one(opened, job, now())


def _page_of_one(page: Page, document: dict[str, Any]) -> None:
    [found] = document["jobs"]
    page.facts({name: value for name, value in found.items() if name != "decision"})
    page.line()
    decision = found["decision"]
    if not decision:
        page.line("It was made before decisions were recorded.")
        return
    page.line("Allowed by", "bold")
    page.facts(_flat(decision))


def _flat(value: Any, name: str = "") -> dict[str, str]:
    """Return every leaf of a document under the names that lead to it."""
    if isinstance(value, dict) and value:
        return {key: leaf for part, inner in value.items() for key, leaf in _flat(inner, f"{name} {part}").items()}
    if isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        return {
            key: leaf for place, inner in enumerate(value, 1) for key, leaf in _flat(inner, f"{name} {place}").items()
        }
    text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return {name.strip(): text}


def _page(page: Page, document: dict[str, Any]) -> None:
    found = document["jobs"]
    if not found:
        page.line("There is no such attempt.")
        page.advice("`dispatcher campaigns` tells what is dialled now, and why the rest is not.")
        return
    ids = page.ids(one[name] for one in found for name in ("job", "order"))
    page.table(
        ["job", "order", "state", "outcome", "made", "detail"],
        [
            (
                ids[one["job"]],
                ids[one["order"]],
                one["state"],
                one["outcome"],
                both(read(one["created_at"]), None) if page.wide else until(read(one["created_at"])),
                one["detail"] or one["why"],
            )
            for one in found
        ],
    )
