"""`dispatcher dnc`: the numbers that no campaign may call."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import click

from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.record import by_whom, said, who_by
from dispatcher.cli.times import both, now, read

if TYPE_CHECKING:
    from datetime import datetime

    from dispatcher.cli.tables import Page
    from dispatcher.mirror.database import Connection
    from dispatcher.mirror.do_not_call import Entry

_SHOWN = 20
"""Refused lines in a table; the JSON document has them all."""

_AT_ONCE = 5000
"""Numbers in one transaction of an import: a daemon on SQLite waits that long for its turn."""


@click.group()
@common
def dnc() -> None:
    """Keep people from being called by any campaign: dnc add, remove, list, import."""


@dnc.command(cls=Taught, examples=["dispatcher dnc add +12125550100 --reason 'asked by mail, ticket 4711'"])
@click.argument("number")
@click.option("--reason", required=True, help="Why; shown to whoever asks why the person is not called.")
@by_whom
@common
@click.pass_obj
def add(given: Common, number: str, reason: str, by: str | None) -> None:
    """Put a number on the do-not-call list, for every campaign.

    A call to it that waits is taken back within a second; one that a dialer has begun goes on. NUMBER is in
    international form. No sync takes it off again.
    """
    from dispatcher.cli.mirrored import opened
    from dispatcher.mirror import do_not_call

    e164, why, who = _number(number), said(reason, "--reason"), who_by(by)
    with opened(given.settings()) as database:
        added = database.run_write(do_not_call.add, {e164: why}, who, now())
        [entry] = database.run(do_not_call.listed, 1, e164)
        alive = database.run(_alive)

    def page(page: Page, _: Any) -> None:
        if added:
            page.good(f"{e164} is on the do-not-call list: {why}")
            page.line(_follows(alive))
        else:
            page.line(f"{e164} was on the do-not-call list already: {entry.reason}")

    given.show({"added": _document(entry) | {"changed": bool(added), "daemon_running": alive}}, page)


@dnc.command(cls=Taught, examples=["dispatcher dnc remove +12125550100 --reason 'wrote the wrong number'"])
@click.argument("number")
@click.option("--reason", required=True, help="Why; kept in the record of the number.")
@by_whom
@common
@click.pass_obj
def remove(given: Common, number: str, reason: str, by: str | None) -> None:
    """Take a number off the do-not-call list.

    Who took it off, when and why is kept; `dnc list NUMBER` shows it. Orders that a "do not call" has finished stay
    finished. It ends with 1 if the number was not on the list.
    """
    from dispatcher.cli.faults import problem
    from dispatcher.cli.mirrored import opened
    from dispatcher.mirror import do_not_call

    e164, why, who = _number(number), said(reason, "--reason"), who_by(by)
    with opened(given.settings()) as database:
        removed = database.run_write(do_not_call.remove, e164, why, who, now())

    def page(page: Page, _: Any) -> None:
        if removed:
            page.good(f"{e164} is no longer on the do-not-call list: {why}")
        else:
            page.bad(f"{e164} was not on the do-not-call list.")

    given.show({"removed": {"number": e164, "changed": removed, "reason": why, "by": who}}, page)
    if not removed:
        raise problem()


@dnc.command("list", cls=Taught, examples=["dispatcher dnc list", "dispatcher dnc list +12125550100 -o json"])
@click.argument("number", required=False)
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="At most so many.")
@common
@click.pass_obj
def listing(given: Common, number: str | None, limit: int) -> None:
    """Show the do-not-call list, the newest first; with NUMBER, everything that was done with that one."""
    from dispatcher.cli.mirrored import opened
    from dispatcher.mirror import do_not_call

    e164 = None if number is None else _number(number)
    with opened(given.settings()) as database:
        found = database.run(do_not_call.listed, limit, e164)
        total = database.run(do_not_call.count)
        past = [] if e164 is None else database.run(do_not_call.changes, e164)
    document: dict[str, Any] = {"total": total, "numbers": [_document(entry) for entry in found]}
    if e164 is not None:
        document |= {
            "number": e164,
            "listed": bool(found),
            "changes": [
                {"change": one.change, "reason": one.reason, "at": _iso(one.changed_at), "by": one.changed_by}
                for one in past
            ],
        }
    given.show(document, _page)


def _page(page: Page, document: dict[str, Any]) -> None:
    if "number" in document:
        state = "is" if document["listed"] else "is not"
        page.line(f"{document['number']} {state} on the do-not-call list.", "bold")
        rows = [(one["change"], both(read(one["at"]), None), one["by"], one["reason"]) for one in document["changes"]]
        if rows:
            page.table(["change", "when", "by", "reason"], rows)
        return
    if not document["numbers"]:
        page.line("The do-not-call list is empty.")
        return
    page.table(
        ["number", "since", "by", "reason"],
        [
            (one["number"], both(read(one["added_at"]), None), one["added_by"], one["reason"])
            for one in document["numbers"]
        ],
    )
    if document["total"] > len(document["numbers"]):
        page.advice(f"These are {len(document['numbers'])} of {document['total']}; --limit shows more.")


@dnc.command(
    "import",
    cls=Taught,
    examples=[
        "dispatcher dnc import optouts.txt --reason 'list of March'",
        "dispatcher dnc import crm.csv --column Mobile --dry-run -o json",
    ],
)
@click.argument("file", type=click.File("r", encoding="utf-8", errors="replace"))
@click.option("--column", metavar="NAME", help="The column with the numbers; else number, phone, mobile and the like.")
@click.option("--reason", default="imported", show_default=True, help="Why, where a line gives no reason of its own.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@by_whom
@common
@click.pass_obj
def importing(given: Common, file: IO[str], column: str | None, reason: str, dry_run: bool, by: str | None) -> None:
    """Put the numbers of a text or CSV file on the do-not-call list.

    One number a line, or a table with a heading; a column `reason` is taken along. Lines that hold no number in
    international form are refused and told by their place, the others are imported all the same; then it ends with 1.
    FILE may be - for standard input.
    """
    from dispatcher.cli.faults import problem
    from dispatcher.cli.mirrored import opened
    from dispatcher.mirror import do_not_call
    from dispatcher.rules import number_file

    why, who = said(reason, "--reason"), who_by(by)
    try:
        lines = list(number_file.read(file, column))
    except number_file.HeadingError as fault:
        raise click.UsageError(f"--column: {fault}.") from fault
    refused = [{"line": one.place, "why": one.refused} for one in lines if one.number is None]
    reasons: dict[str, str] = {}
    for one in lines:
        if one.number is not None:
            reasons.setdefault(one.number, one.reason or why)
    with opened(given.settings()) as database:
        new = list(reasons.keys() - database.run(do_not_call.known, list(reasons)))
        if not dry_run:
            for start in range(0, len(new), _AT_ONCE):
                some = {number: reasons[number] for number in new[start : start + _AT_ONCE]}
                database.run_write(do_not_call.add, some, who, now())
        alive = database.run(_alive)
    document: dict[str, Any] = {
        "file": file.name,
        "dry_run": dry_run,
        "lines": len(lines),
        "added": len(new),
        "already": len(reasons) - len(new),
        "repeated": len(lines) - len(refused) - len(reasons),
        "refused": refused,
        "daemon_running": alive,
    }

    def page(page: Page, _: Any) -> None:
        page.facts({name: document[name] for name in ("lines", "added", "already", "repeated")})
        for one in refused[:_SHOWN]:
            page.bad(f"Line {one['line']} is refused: {one['why']}.")
        if len(refused) > _SHOWN:
            page.bad(f"{len(refused) - _SHOWN} more lines are refused; -o json shows them.")
        page.line("Nothing was changed: this was a dry run." if dry_run else _follows(alive))

    given.show({"imported": document}, page)
    if refused:
        raise problem()


def _number(text: str) -> str:
    from dispatcher.rules.numbers import NumberFault, normalise

    try:
        return normalise(text)
    except NumberFault as fault:
        raise click.UsageError(f"NUMBER: {fault.detail}.") from fault


def _follows(alive: bool) -> str:
    if alive:
        return "The daemon takes back what waits for it within a second; a call that was begun goes on."
    return "No daemon is running on this database: what it left in the hopper expires within hopper.lease."


def _document(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "reason": entry.reason,
        "added_at": _iso(entry.added_at),
        "added_by": entry.added_by,
    }


def _iso(at: datetime) -> str:
    from dispatcher.reports.instants import iso

    return iso(at)


def _alive(connection: Connection) -> bool:
    from dispatcher.mirror import record
    from dispatcher.reports.facts import running

    return running(record.current(connection), now())
