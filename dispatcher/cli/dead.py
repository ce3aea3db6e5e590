"""`dispatcher dead`: calls and reports that trying again cannot mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.times import both, read
from dispatcher.model.dead_letter import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dispatcher.cli.tables import Page
    from dispatcher.mirror.database import Database
    from dispatcher.steering.dead_letters import Meant


@click.group()
@common
def dead() -> None:
    """See to calls that failed for good: dead list, retry, drop."""


def _of(command: Callable[..., Any]) -> Callable[..., Any]:
    reasons = click.Choice([reason.value for reason in Reason])
    command = click.option("--reason", type=reasons, help="Only letters with this reason.")(command)
    help_ = "Only of this campaign: its uuid, the start of it, or its name."
    return click.option("--campaign", metavar="CAMPAIGN", help=help_)(command)


def _chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--all", "everything", is_flag=True, help="All letters.")(_of(command))
    return click.argument("ids", metavar="[ID]...", type=int, nargs=-1)(command)


@dead.command(
    "list", cls=Taught, examples=["dispatcher dead list", "dispatcher dead list --reason unknown-job -o json"]
)
@_of
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="At most so many.")
@common
@click.pass_obj
def listing(given: Common, campaign: str | None, reason: str | None, limit: int) -> None:
    """List the dead letters, the newest first.

    Orders whose last call failed for good: the number is none, or every attempt is spent. Beside them, reports of
    dialers that could not be applied, with their own words.
    """
    from dispatcher.cli.mirrored import opened
    from dispatcher.reports.dead_letters import letters

    with opened(given.settings()) as database:
        document = database.run(letters, campaign=campaign, reason=_reason(reason), limit=limit)
    given.show(document, _page)


def _page(page: Page, document: dict[str, Any]) -> None:
    letters = document["letters"]
    if not letters:
        page.line("There are no such dead letters.")
        return
    page.table(
        ["id", "since", "reason", "order", "detail"],
        [
            (
                str(one["id"]),
                both(read(one["at"]), None),
                one["reason"],
                one["order"],
                one["detail"] or (None if one["order"] else ", ".join(f"{k}={v}" for k, v in one["words"].items())),
            )
            for one in letters
        ],
    )
    if document["total"] > len(letters):
        page.advice(f"These are {len(letters)} of {document['total']}.")
    page.advice("`dispatcher dead retry ID` opens an order again, `dispatcher dead drop ID` takes a letter away.")


@dead.command(
    cls=Taught,
    examples=["dispatcher dead retry 17 18", "dispatcher dead retry --campaign 'Spring' --reason failed"],
)
@_chosen
@common
@click.pass_obj
def retry(given: Common, ids: tuple[int, ...], campaign: str | None, reason: str | None, everything: bool) -> None:
    """Open the orders of dead letters again, with all their attempts before them.

    They are called when their campaign's hours and every other rule allow it, within a minute of that. A number on the
    do-not-call list is never called, an order that the platform gave up is opened there, and a report is no order:
    those are refused by name, and it ends with 1.
    """
    from dispatcher.steering import dead_letters

    done = _see_to(given, dead_letters.retry, ids, campaign, reason, everything=everything)["retried"]
    orders = "order is" if done["reopened"] == 1 else "orders are"
    _tell(given, {"retried": done}, f"{done['reopened']} {orders} open again.", done["refused"])


@dead.command(cls=Taught, examples=["dispatcher dead drop 17 18", "dispatcher dead drop --all --reason unknown-job"])
@_chosen
@common
@click.pass_obj
def drop(given: Common, ids: tuple[int, ...], campaign: str | None, reason: str | None, everything: bool) -> None:
    """Take dead letters away that need nothing more; their orders stay closed."""
    from dispatcher.steering import dead_letters

    done = _see_to(given, dead_letters.drop, ids, campaign, reason, everything=everything)["dropped"]
    letters = "letter is" if done["letters"] == 1 else "letters are"
    _tell(given, {"dropped": done}, f"{done['letters']} {letters} dropped.", done["refused"])


def _see_to(
    given: Common,
    steer: Callable[[Database, Meant], dict[str, Any]],
    ids: tuple[int, ...],
    campaign: str | None,
    reason: str | None,
    *,
    everything: bool,
) -> dict[str, Any]:
    """Do something to the letters that are meant, and return the document of it."""
    from dispatcher.cli.mirrored import opened
    from dispatcher.steering.dead_letters import Meant

    _check(ids, campaign, reason, everything)
    with opened(given.settings()) as database:
        return steer(database, Meant(ids or None, campaign, _reason(reason)))


def _tell(given: Common, document: dict[str, Any], sentence: str, refused: list[dict[str, Any]]) -> None:
    """Show what was done, and end with a problem if anything was refused."""
    from dispatcher.cli.faults import problem

    def page(page: Page, _: Any) -> None:
        page.line(sentence)
        for one in refused:
            page.bad(f"{one['id']}: {one['why']}.")

    given.show(document, page)
    if refused:
        raise problem()


def _check(ids: Sequence[int], campaign: str | None, reason: str | None, everything: bool) -> None:
    """Refuse to guess what is meant: ids, or a set of letters that was named as one."""
    if ids and (campaign is not None or reason is not None or everything):
        raise click.UsageError("Give either IDs, or --all, --campaign and --reason.")
    if not ids and campaign is None and not everything:
        raise click.UsageError("Say which letters: IDs, --campaign CAMPAIGN or --all.")


def _reason(word: str | None) -> Reason | None:
    return None if word is None else Reason(word)
