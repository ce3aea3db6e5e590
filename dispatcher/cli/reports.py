"""`dispatcher reports`: what the platform has not been told of orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.times import now, read, until

if TYPE_CHECKING:
    from dispatcher.cli.tables import Page

_STATES = ("waiting", "given-up")


@click.group()
@common
def reports() -> None:
    """See to what the platform was not told of calls: reports list, retry."""


@reports.command(
    "list", cls=Taught, examples=["dispatcher reports list", "dispatcher reports list --state given-up -o json"]
)
@click.option("--campaign", metavar="CAMPAIGN", help="Only of this campaign: its uuid, the start of it, or its name.")
@click.option("--state", type=click.Choice(_STATES), help="Only what waits for its turn, or was given up.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="At most so many.")
@common
@click.pass_obj
def listing(given: Common, campaign: str | None, state: str | None, limit: int) -> None:
    """List the orders whose last call the platform has not been told of, the latest first.

    With report.orders it is told how each call to its own orders has ended. What it does not take is tried again for
    about three hours, then given up, and forgotten a week later.
    """
    from dispatcher.cli.mirrored import opened
    from dispatcher.reports.order_reports import untold

    settings = given.settings()
    with opened(settings) as database:
        document = database.run(untold, campaign=campaign, state=state, limit=limit)
    given.show({"enabled": settings.report.orders} | document, _page)


def _page(page: Page, document: dict[str, Any]) -> None:
    found = document["reports"]
    if not document["enabled"]:
        page.line("The platform is told nothing: report.orders is off.")
    if not found:
        page.line("Nothing is left untold.")
        return
    ids = page.ids(one["order"] for one in found)
    page.table(
        ["order", "status to tell", "ended", "tries", "next", "last fault"],
        [
            (
                ids[one["order"]],
                one["status"],
                until(read(one["since"])),
                one["tries"],
                until(read(one["next_at"])) if one["next_at"] else "given up",
                one["fault"],
            )
            for one in found
        ],
    )
    if (total := document["waiting"] + document["given_up"]) > len(found):
        page.advice(f"These are {len(found)} of {total}.")
    if document["given_up"]:
        page.advice("`dispatcher reports retry ORDER` or `--all` tells what was given up again.")


@reports.command(
    cls=Taught,
    examples=["dispatcher reports retry order_9z8y", "dispatcher reports retry --all --campaign 'Spring'"],
)
@click.argument("orders", metavar="[ORDER]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that was given up.")
@click.option("--campaign", metavar="CAMPAIGN", help="With --all: only of this campaign: its uuid or its name.")
@common
@click.pass_obj
def retry(given: Common, orders: tuple[str, ...], everything: bool, campaign: str | None) -> None:
    """Tell the platform again what was given up.

    The daemon does it within seconds, with all its tries before it. ORDER is a whole uuid; it ends with 1 if nothing of
    one of them was given up.
    """
    from dispatcher.cli.faults import problem
    from dispatcher.cli.mirrored import opened
    from dispatcher.steering import order_reports

    if bool(orders) == everything:
        raise click.UsageError("Name the ORDERs, or give --all.")
    if orders and campaign is not None:
        raise click.UsageError("--campaign goes with --all.")
    settings = given.settings()
    with opened(settings) as database:
        document = order_reports.retry(database, now(), orders or None, campaign)
    done = document["retried"]

    def page(page: Page, _: Any) -> None:
        page.line(f"{done['reports']} {'order is' if done['reports'] == 1 else 'orders are'} told again.")
        for one in done["refused"]:
            page.bad(f"{one['order']}: {one['why']}.")
        if not settings.report.orders:
            page.bad("The platform is told nothing while report.orders is off.")

    given.show(document, page)
    if done["refused"]:
        raise problem()
