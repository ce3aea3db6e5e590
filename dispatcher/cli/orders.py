"""`dispatcher orders`: orders out of files and into files, without the platform's API."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

import click

from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dispatcher.cli.tables import Page
    from dispatcher.mirror.database import Database
    from dispatcher.mirror.imports import Brought
    from dispatcher.rules.order_file import OrderFile

_SHOWN = 20
"""Refused lines in a table; the JSON document has them all."""

_AT_ONCE = 2000
"""Lines in one transaction: a daemon on SQLite waits that long for its turn."""


@click.group()
@common
def orders() -> None:
    """Bring orders in from a file, take them out again, and write all out: orders import, remove, export."""


@orders.command(
    "import",
    cls=Taught,
    examples=[
        "dispatcher orders import leads.csv --campaign Spring --dry-run",
        "dispatcher orders import leads.csv --campaign Spring --refused refused.csv",
        "dispatcher orders import mended.csv --campaign Spring --update",
        "crm-export | dispatcher orders import - --campaign 8f3a91b2 -o json",
    ],
)
@click.argument("file", type=click.File("r", encoding="utf-8", errors="surrogateescape"))
@click.option("--campaign", metavar="CAMPAIGN", required=True, help="Its uuid, the start of it, or its name.")
@click.option("--update", is_flag=True, help="Change orders of an earlier import that a line says something else of.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@click.option(
    "--refused",
    "rest",
    metavar="FILE",
    type=click.File("w", encoding="utf-8", errors="surrogateescape", lazy=True),
    help="Write the refused lines to a file, to be mended and imported.",
)
@common
@click.pass_obj
def importing(given: Common, file: TextIO, campaign: str, update: bool, dry_run: bool, rest: TextIO | None) -> None:
    """Give a campaign the orders of a file: CSV with a heading, or JSON objects, one a line.

    Of each line are taken phoneNumber (with + and the country code), and if there, name, country, instructions,
    scheduledTime and id. The number is called like any order's, within a minute while the campaign is open; no sync
    removes it. A number or id that the file has twice, or the campaign already, is not added again: so a file may be
    imported once more, after it was cut off or was given more lines. An order is known again by its id, or its number
    if it has none; with --update it says from now on what its line says, and is called again if it was finished before
    the time that it is given now. Lines that are refused are told by their place, the others are imported all the same;
    then it ends with 1. FILE may be - for standard input.
    """
    from dispatcher.cli.faults import problem
    from dispatcher.cli.mirrored import opened
    from dispatcher.mirror import record
    from dispatcher.reports.facts import running
    from dispatcher.reports.finding import find_campaign
    from dispatcher.rules.number_file import HeadingError
    from dispatcher.rules.order_file import OrderFile

    if rest is not None and _is_same(file.name, rest.name):
        raise click.UsageError("--refused: that is FILE itself.")
    with opened(given.settings()) as database:
        its = database.run(find_campaign, campaign)
        try:
            read = OrderFile(file)
        except HeadingError as fault:
            raise click.UsageError(f"FILE: {fault}.") from fault
        with _progress(file, shown=sys.stderr.isatty() and not given.json) as told:
            lines, brought = _bring(database, its.uuid, read, told, update=update, dry_run=dry_run)
        alive = running(database.run(record.current), now())
    if rest is not None:
        rest.write(read.heading or "")
        rest.writelines(line.text if line.text.endswith("\n") else f"{line.text}\n" for line, _ in brought.refused)
    document: dict[str, Any] = {
        "file": file.name,
        "campaign": its.uuid,
        "dry_run": dry_run,
        "lines": lines,
        "added": brought.added,
        "updated": brought.updated,
        "already": brought.already,
        "refused": [{"line": line.place, "why": why} for line, why in brought.refused],
        "ignored": [name.encode(errors="replace").decode() for name in read.ignored],
        "daemon_running": alive,
    }
    given.show({"imported": document}, _import_page)
    if brought.refused:
        raise problem()


def _bring(
    database: Database, campaign: str, read: OrderFile, told: Callable[[int], None], *, update: bool, dry_run: bool
) -> tuple[int, Brought]:
    """Import a file some lines at a time; return how many it has, and what became of them."""
    from dispatcher.mirror import imports

    total, lines, all_lines = imports.Brought(), 0, iter(read)
    transact = database.run if dry_run else database.run_write
    while some := list(islice(all_lines, _AT_ONCE)):
        one = transact(imports.bring, campaign, some, now(), update=update, dry_run=dry_run)
        total.added += one.added
        total.updated += one.updated
        total.already += one.already
        total.refused += one.refused
        lines += len(some)
        told(lines)
    total.refused.sort(key=lambda refused: refused[0].place)
    return lines, total


def _import_page(page: Page, document: dict[str, Any]) -> None:
    told, refused = document["imported"], document["imported"]["refused"]
    page.facts(
        {name: told[name] for name in ("campaign", "lines", "added", "updated", "already")} | {"refused": len(refused)}
    )
    if refused:
        page.line()
        page.table(["line", "refused because"], [(one["line"], one["why"]) for one in refused[:_SHOWN]])
    if len(refused) > _SHOWN:
        page.bad(f"{len(refused) - _SHOWN} more lines are refused; -o json shows them, --refused FILE writes them.")
    if told["ignored"]:
        page.advice(f"Not taken along: {', '.join(told['ignored'][:_SHOWN])}.")
    if told["dry_run"]:
        page.line("Nothing was changed: this was a dry run.")
    elif not told["daemon_running"]:
        page.line("No daemon is running on this database: nobody is called until `dispatcher run` does.")


@contextmanager
def _progress(file: TextIO, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """Give something to tell of lines that draws a bar on the terminal, as far as the file's length is known."""
    if not shown:
        yield lambda _lines: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    length = os.fstat(file.fileno()).st_size if file.seekable() else None
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[lines]} lines"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("orders", total=length, lines=0)

        def told(lines: int) -> None:
            progress.update(bar, completed=file.buffer.tell() if length else 0, lines=lines)

        yield told


def _is_same(one: str, other: str) -> bool:
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)  # noqa: PTH110, PTH121 (names of streams)


@orders.command(
    cls=Taught,
    examples=[
        "dispatcher orders remove import_8f3a91b2-5d1b-5a52-9a43-0d6a52c8d0a1",
        "dispatcher orders remove --file leads.csv --campaign Spring --dry-run",
    ],
)
@click.argument("order", nargs=-1)
@click.option(
    "-f",
    "--file",
    metavar="FILE",
    type=click.File("r", encoding="utf-8", errors="surrogateescape"),
    help="Remove the orders of a file: one that was imported, or written by `orders export`.",
)
@click.option("--campaign", metavar="CAMPAIGN", help="Only of this one, which a file needs: its uuid or its name.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@common
@click.pass_obj
def remove(given: Common, order: tuple[str, ...], file: TextIO | None, campaign: str | None, dry_run: bool) -> None:
    """Take orders out again that a file brought: each ORDER by its uuid, or all those of a file.

    A call that is queued for one is taken back within a second. One that is being called, or of which nobody knows
    whether it was, is refused; so is the platform's, which is removed in the studio. What became of an order stays
    written down, and an import of its line brings it back. If any is refused the others are removed all the same, and
    it ends with 1.
    """
    from dispatcher.cli.faults import problem
    from dispatcher.cli.mirrored import opened
    from dispatcher.mirror import removals
    from dispatcher.reports.finding import find_campaign

    if bool(order) == (file is not None):
        raise click.UsageError("Name orders by their uuids, or give --file FILE.")
    if file is not None and campaign is None:
        raise click.UsageError("--file needs --campaign: the same lines may be orders of several.")
    total = removals.Removed()
    with opened(given.settings()) as database:
        its = None if campaign is None else database.run(find_campaign, campaign).uuid
        transact = database.run if dry_run else database.run_write
        for some in _named(database, its, file) if its is not None and file is not None else [order]:
            one = transact(removals.take_out, some, now(), campaign=its, dry_run=dry_run)
            total.removed += one.removed
            total.already += one.already
            total.refused |= one.refused
    document = {
        "dry_run": dry_run,
        "removed": len(total.removed),
        "already": len(total.already),
        "refused": [{"order": uuid, "why": why} for uuid, why in total.refused.items()],
    }
    given.show({"removed": document}, _removal_page)
    if total.refused:
        raise problem()


def _named(database: Database, campaign: str, file: TextIO) -> Iterator[list[str]]:
    """Yield the orders that a file names, some at a time; a line that names none is told as wrong usage."""
    from dispatcher.mirror import imports
    from dispatcher.rules.number_file import HeadingError
    from dispatcher.rules.order_file import OrderFile

    try:
        lines = list(OrderFile(file))
    except HeadingError as fault:
        raise click.UsageError(f"FILE: {fault}.") from fault
    for line in lines:
        if line.refused is not None:
            raise click.UsageError(f"FILE, line {line.place}: {line.refused}; nothing was removed.")
    for start in range(0, len(lines), _AT_ONCE):
        yield database.run(imports.named, campaign, lines[start : start + _AT_ONCE])


def _removal_page(page: Page, document: dict[str, Any]) -> None:
    told, refused = document["removed"], document["removed"]["refused"]
    page.facts({name: told[name] for name in ("removed", "already")} | {"refused": len(refused)})
    if refused:
        page.line()
        page.table(["order", "refused because"], [(one["order"], one["why"]) for one in refused[:_SHOWN]])
    if len(refused) > _SHOWN:
        page.bad(f"{len(refused) - _SHOWN} more orders are refused; -o json shows them.")
    if told["dry_run"]:
        page.line("Nothing was changed: this was a dry run.")


@orders.command(
    cls=Taught,
    examples=[
        "dispatcher orders export --campaign Spring -f spring.csv",
        "dispatcher orders export --format jsonl | jq 'select(.closed_as == \"completed\")'",
    ],
)
@click.option("--campaign", metavar="CAMPAIGN", help="Only of this one: its uuid, the start of it, or its name.")
@click.option(
    "-f",
    "--file",
    metavar="FILE",
    type=click.File("w", encoding="utf-8", atomic=True),
    help="Where to write; else standard output.",
)
@click.option(
    "--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True, help="How to write."
)
@common
@click.pass_obj
def export(given: Common, campaign: str | None, file: TextIO | None, form: str) -> None:
    """Write all orders out, or those of one campaign: what they say, and what became of them.

    Beside the fields that `orders import` takes: source (platform or import), status on the platform, attempts that
    were begun, the last outcome and when, the next attempt if there will be one, and as what the order was closed.
    """
    from dispatcher.cli.mirrored import opened
    from dispatcher.mirror import exports
    from dispatcher.reports.exports import writer
    from dispatcher.reports.finding import find_campaign

    if file is None and given.json:
        raise click.UsageError("-o json tells of an export into a file: give -f FILE, or --format jsonl in its place.")
    with opened(given.settings()) as database:
        its = None if campaign is None else database.run(find_campaign, campaign).uuid
        total = database.run(exports.each, its, writer(file or sys.stdout, form))
    if file is not None:
        document = {"file": file.name, "campaign": its, "format": form, "orders": total}
        given.show({"exported": document}, lambda page, _: page.good(f"{total} orders are in {file.name}."))
