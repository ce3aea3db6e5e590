"""`dispatcher queues`: how deep each phone's queue is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.faults import problem
from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.signals import run
from dispatcher.cli.times import length, now

if TYPE_CHECKING:
    from dispatcher.cli.tables import Page


@click.command(cls=Taught, examples=["dispatcher queues", "watch -n 1 dispatcher queues"])
@common
@click.pass_obj
def queues(given: Common) -> None:
    """List the queue of each phone.

    It tells how many calls wait for a dialer and how many are in flight. Calls that wait long mean that the
    dialers are too few or away.
    """
    document = run(_queues(given))
    given.show(document, _page)
    if document["problems"]:
        raise problem()


async def _queues(given: Common) -> dict[str, Any]:
    settings = given.settings()
    from dispatcher.cli.mirrored import sources
    from dispatcher.reports.queues import queues as report

    async with sources(settings) as opened:
        return await report(opened, now())


def _page(page: Page, document: dict[str, Any]) -> None:
    found = document["phones"]
    for sentence in document["problems"]:
        page.bad(sentence)
    if not found:
        page.line("The mirror holds no phones.")
        page.advice("`dispatcher sync` reads them; `dispatcher check` tells which account the token is of.")
        return
    ids = page.ids(one["phone"] for one in found)
    paused = any(_stopped(one) for one in found)
    capped = any(one["calls_per_day"] for one in found)
    shared = any(len(one["campaigns"]) > 1 for one in found)
    page.table(
        [
            *("phone", "number", "ready", "in flight", "at most", "oldest waits"),
            *(["last 24 hours"] if capped else []),
            *(["shared by"] if shared else []),
            *(["paused"] if paused else []),
        ],
        [
            (
                ids[one["phone"]],
                one["number"],
                one["ready"],
                one["in_flight"],
                one["concurrency"],
                None if one["oldest_ready_s"] is None else length(one["oldest_ready_s"]),
                *([f"{one['calls_24h']} of {one['calls_per_day']}"] if capped else []),
                *([_sharing(one["campaigns"])] if shared else []),
                *([_stopped(one)] if paused else []),
            )
            for one in found
        ],
    )


def _stopped(phone: dict[str, Any]) -> str | None:
    paused: str | None = phone["paused"]
    said = [one["detail"] for one in (phone["failing"], phone["withheld"]) if one]
    return paused or (said[0] if said else None)


def _sharing(campaigns: list[dict[str, Any]]) -> str | None:
    """Return who shares a phone, with shares where there is anything to share."""
    return ", ".join(f"{one['name']} {one['share']:.0%}" for one in campaigns) if len(campaigns) > 1 else None
