"""`dispatcher sync`: one pass from the platform to the mirror."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.faults import problem, say
from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.signals import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

    from dispatcher.cli.tables import Page
    from dispatcher.daemon.once import Progress

KINDS = ("campaigns", "phones", "orders")
_SHOWN = 20
"""More refusals of a kind than this are only counted; JSON has them all."""


@click.command(cls=Taught, examples=["dispatcher sync", "dispatcher sync -o json", "dispatcher sync --accept-removals"])
@click.option(
    "--accept-removals",
    is_flag=True,
    help="Believe the platform when it lists far fewer campaigns or phones than the mirror has.",
)
@common
@click.pass_obj
def sync(given: Common, accept_removals: bool) -> None:
    """Read the platform once, and tell what was new.

    It tells what was added, changed, removed and refused of campaigns, phones and orders. Orders are read of the
    campaigns that are open or open soon. A running daemon takes up what changed. A document that is malformed is
    refused with its reason and blocks nothing else.
    """
    settings = given.settings()
    from dispatcher.daemon.once import sync_once
    from dispatcher.rules.zones import use_newest

    use_newest()
    with _progress(shown=sys.stderr.isatty() and not given.json) as told:
        document = run(sync_once(settings, told, accept_removals=accept_removals))
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
