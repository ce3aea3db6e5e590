"""`dispatcher sync`: one pass from the platform to the mirror."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.faults import problem, say
from dispatcher.cli.options import Common, Taught, TaughtGroup, common
from dispatcher.cli.signals import run
from dispatcher.cli.times import now, read, utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

    from dispatcher.cli.tables import Page
    from dispatcher.daemon.once import Progress

KINDS = ("campaigns", "phones", "orders")
_SHOWN = 20
"""More refusals of a kind than this are only counted; JSON has them all."""


@click.group(
    cls=TaughtGroup,
    invoke_without_command=True,
    examples=[
        "dispatcher sync",
        "dispatcher sync --campaign 'Summer Promotion 2026' -o json",
        "dispatcher sync --accept-removals",
        "dispatcher sync log",
    ],
)
@click.option(
    "--accept-removals",
    is_flag=True,
    help="Believe the platform when it lists far fewer campaigns or phones than the mirror has.",
)
@click.option("--campaign", metavar="CAMPAIGN", help="Read the orders of this one, open or not, and of no other.")
@common
@click.pass_context
def sync(context: click.Context, accept_removals: bool, campaign: str | None) -> None:
    """Read the platform once, and tell what was new.

    It tells what was added, changed, removed and refused of campaigns, phones and orders. Orders are read of the
    campaigns that are open or open soon. A running daemon takes up what changed. A document that is malformed is
    refused with its reason and blocks nothing else.
    """
    if context.invoked_subcommand is None:
        _make(context.obj, accept_removals=accept_removals, campaign=campaign)


def _make(given: Common, **asked: Any) -> None:
    settings = given.settings()
    from dispatcher.daemon.once import sync_once
    from dispatcher.garbage import spare_the_modules
    from dispatcher.rules.zones import use_newest

    use_newest()
    spare_the_modules()
    with _progress(shown=sys.stderr.isatty() and not given.json) as told:
        document = run(sync_once(settings, told, **asked))
    given.show(document, _page)
    if not document["ok"]:
        say(document["fault"])
        raise problem()


@contextmanager
def _progress(*, shown: bool) -> Iterator[Progress | None]:
    """Give something to tell of progress that draws a bar for each kind on the terminal."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:

        def told(kind: str, done: int, total: int | None) -> None:
            if kind not in bars:
                bars[kind] = progress.add_task(kind, total=total)
            progress.update(bars[kind], completed=done, total=total)

        yield told


def _page(page: Page, document: dict[str, Any]) -> None:
    kinds = [kind for kind in KINDS if kind in document]
    columns = ("added", "changed", "removed", "refused", "unchanged")
    page.table(["", *columns], [(kind, *(document[kind][column] for column in columns)) for kind in kinds])
    for kind in kinds:
        refusals = document[kind]["refusals"]
        if refusals:
            page.line()
            page.bad(f"Refused {kind}:")
        for why in refusals[:_SHOWN]:
            page.line(f"  {why}")
        if len(refusals) > _SHOWN:
            page.advice(f"  and {len(refusals) - _SHOWN} more: `dispatcher sync -o json` has them all.")


@sync.command(
    cls=Taught,
    examples=[
        "dispatcher sync log",
        "dispatcher sync log --changed",
        "dispatcher sync log --thing 8f3a91b2-c4d5 -o json",
    ],
)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many passes.")
@click.option(
    "--kind", type=click.Choice(["campaigns", "orders"]), help="Only passes over campaigns (with phones), or orders."
)
@click.option("--thing", metavar="UUID", help="Only passes that changed this campaign, phone or order, and only that.")
@click.option("--changed", is_flag=True, help="Only passes that changed, removed or refused something, or failed.")
@common
@click.pass_obj
def log(given: Common, limit: int, kind: str | None, thing: str | None, changed: bool) -> None:
    """List the passes that were made, newest first.

    Each with when it began, how long it took, what it changed (before and after) and what it refused and why. Passes
    are kept for a week; of one that changed very much the first changes are kept, and the rest is counted.
    """
    given.show(run(_passes(given, limit, kind, thing, changed=changed)), _log_page)


async def _passes(given: Common, limit: int, kind: str | None, thing: str | None, *, changed: bool) -> dict[str, Any]:
    settings = given.settings()
    from dispatcher.cli.mirrored import sources
    from dispatcher.reports.passes import passes

    async with sources(settings) as opened:
        return await passes(opened, now(), limit=limit, kind=kind, uuid=thing, changed=changed)


def _log_page(page: Page, document: dict[str, Any]) -> None:
    found = document["passes"]
    if not found:
        page.line("No such pass is on record.")
        page.advice("`dispatcher sync` makes one, and `dispatcher run` makes one every sync.interval.")
        return
    page.table(
        ["began", "of", "took", "result", "what"],
        [
            (
                utc(read(one["started_at"])),
                one["kind"],
                f"{one['seconds']:.1f} s",
                "good" if one["ok"] else "failed",
                one["fault"] or _summary(one["counts"]),
            )
            for one in found
        ],
    )
    for one in found:
        if one["changes"]:
            page.line()
            page.line(f"Changed at {utc(read(one['started_at']))}:", "bold")
        for change in one["changes"][:_SHOWN]:
            page.line(f"  {change['kind'][:-1]} {change['uuid']} {change['name'] or ''}: {_told(change)}")
        if len(one["changes"]) > _SHOWN:
            page.advice(f"  and {len(one['changes']) - _SHOWN} more: `dispatcher sync log -o json` has them.")


def _summary(counts: dict[str, Any]) -> str:
    """Say what a pass did, in numbers that are not 0."""
    kinds = counts if "added" not in counts else {"": counts}
    said = [
        f"{kind} {count[word]} {word}".strip()
        for kind, count in kinds.items()
        for word in ("added", "changed", "removed", "refused")
        if count[word]
    ]
    return ", ".join(said) or "nothing new"


def _told(change: dict[str, Any]) -> str:
    """Say what has become of a thing; of one that changed, each field as it was and as it is."""
    if change["change"] != "changed":
        return str(change["change"])
    before, after = change["before"] or {}, change["after"] or {}
    return "; ".join(f"{name}: {_value(before, name)} → {_value(after, name)}" for name in {**before, **after})


def _value(fields: dict[str, Any], name: str) -> str:
    return json.dumps(fields[name], ensure_ascii=False) if name in fields else "absent"
