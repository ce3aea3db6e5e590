"""`dispatcher job`: a person's word on calls of which nobody knows what became."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.demo import Duration
from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.record import by_whom, said, who_by
from dispatcher.cli.times import now
from dispatcher.model.outcome import ENDS, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from dispatcher.cli.tables import Page
    from dispatcher.mirror.database import Database
    from dispatcher.mirror.doubts import Word
    from dispatcher.steering.doubts import Meant

_SHOWN = 20

_WHICH = ("campaign", "phone", "older_than")
"""What narrows --all."""


@click.group()
@common
def job() -> None:
    """Decide about calls of which nobody knows what became: job release, close."""


def _chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--yes", is_flag=True, help="Do not ask before many are changed."),
        click.option("--older-than", type=Duration(), metavar="DURATION", help="With --all: in doubt for so long."),
        click.option("--phone", metavar="PHONE", help="With --all: only of this phone: its uuid, or its number."),
        click.option("--campaign", metavar="CAMPAIGN", help="With --all: only of this campaign: its uuid or its name."),
        click.option("--all", "everything", is_flag=True, help="Every uncertain call that the other options leave."),
        click.option("--reason", required=True, help="Why; kept with the call."),
    ):
        command = option(command)
    return click.argument("jobs", metavar="[JOB]...", nargs=-1)(by_whom(command))


@job.command(
    cls=Taught,
    examples=[
        "dispatcher job release 0f3c9b7e --reason 'the carrier has no such call'",
        "dispatcher job release --all --phone 9z8y7x6w --older-than 1h --reason 'trunk was down' --yes",
    ],
)
@_chosen
@common
@click.pass_obj
def release(given: Common, /, **asked: Any) -> None:
    """Let the orders of uncertain calls be dialled again: you answer for it that nobody was called.

    Each gets a new job when its campaign's hours and every other rule allow it, within seconds of that; no attempt is
    spent. Should a dialer report the call after all, its report counts, and what was queued again is taken back.
    JOB is an id as `dispatcher jobs --state uncertain` shows it, or the start of one. It ends with 1 if one of them is
    not uncertain.
    """
    from dispatcher.steering import doubts

    _check(asked)
    _decide(given, asked, "released", doubts.release)


@job.command(
    cls=Taught,
    examples=[
        "dispatcher job close 0f3c9b7e --reason 'she called back' --outcome completed",
        "dispatcher job close --all --older-than 24h --reason 'too late to ask'",
    ],
)
@_chosen
@click.option(
    "--outcome",
    type=click.Choice([outcome.value for outcome in ENDS]),
    default=Outcome.CANCELED.value,
    show_default=True,
    help="What became of the call, where you know it.",
)
@common
@click.pass_obj
def close(given: Common, /, outcome: str, **asked: Any) -> None:
    """End the orders of uncertain calls: they are not dialled again, whatever the outcome.

    Only a change on the platform opens such an order again. JOB is an id as `dispatcher jobs --state uncertain` shows
    it, or the start of one. It ends with 1 if one of them is not uncertain.
    """
    from dispatcher.steering import doubts

    _check(asked)
    _decide(
        given,
        asked,
        "closed",
        partial(doubts.close, outcome=Outcome(outcome), reporting=given.settings().report.orders),
    )


def _decide(
    given: Common, asked: dict[str, Any], done: str, decide: Callable[[Database, Meant, Word], dict[str, Any]]
) -> None:
    from dispatcher.cli.faults import problem
    from dispatcher.cli.mirrored import opened
    from dispatcher.mirror.doubts import Word
    from dispatcher.steering import doubts

    word = Word(who_by(asked["by"]), said(asked["reason"], "--reason"), now())
    with opened(given.settings()) as database:
        if asked["everything"]:
            which = {name: asked[name] for name in _WHICH}
            meant = doubts.matching(database, now(), **which)
            if meant.found and not asked["yes"]:
                _ask(f"{len(meant.found)} uncertain calls will be {done}.")
        else:
            meant = doubts.named(database, asked["jobs"])
        document = decide(database, meant, word)
    given.show(document, partial(_page, done))
    if document["refused"]:
        raise problem()


def _check(asked: dict[str, Any]) -> None:
    """See that all are asked for or some by name, before anything is read: anything else is wrong usage."""
    if bool(asked["jobs"]) == asked["everything"]:
        raise click.UsageError("Name the JOBs, or give --all.")
    if asked["jobs"] and any(asked[name] is not None for name in _WHICH):
        raise click.UsageError("--campaign, --phone and --older-than go with --all.")


def _ask(what: str) -> None:
    """Ask whether to go on; where there is nobody to ask, --yes must have said so."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"{what} Give --yes where nobody can be asked.")
    click.confirm(f"{what} Go on?", abort=True, err=True)


def _page(done: str, page: Page, document: dict[str, Any]) -> None:
    settled, refused = document[done], document["refused"]
    if settled:
        page.good(f"{len(settled)} {'call is' if len(settled) == 1 else 'calls are'} {done}: {document['reason']}")
    elif not refused:
        page.line("There is no such uncertain call.")
    for one in refused[:_SHOWN]:
        page.bad(f"{one['job']}: {one['why']}")
    if len(refused) > _SHOWN:
        page.bad(f"{len(refused) - _SHOWN} more are refused; -o json shows them.")
