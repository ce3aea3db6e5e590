"""`dispatcher rules`: the calling rules, and what they say of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.faults import problem
from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.times import Time, read, until, utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dispatcher.cli.tables import Page
    from dispatcher.rules.rulepack import RulePack

_DISCLAIMER = "This is not legal advice: have a lawyer check what binds your calls."


@click.group()
@common
def rules() -> None:
    """Look at the calling rules: rules show|check."""


@rules.command(cls=Taught, examples=["dispatcher rules show", "dispatcher rules show us-fl"])
@click.argument("rule", required=False)
@common
@click.pass_obj
def show(given: Common, rule: str | None) -> None:
    """List the rules of the pack in force.

    Hours, days and caps of each, with the source and the day on which it was checked. RULE shows only the one of that
    id, or those whose ids begin so.
    """
    pack = _pack(given)
    from dispatcher.reports.rules import pack_document

    document = pack_document(pack, rule or "")
    if not document["rules"]:
        raise click.UsageError(f"no rule's id begins with {rule!r}.")
    given.show(document, _list_page)


@rules.command(
    cls=Taught,
    examples=["dispatcher rules check +12125550100", "dispatcher rules check +33612345678 --at 2026-12-24T18:00Z"],
)
@click.argument("number")
@click.option("--at", type=Time(), default="now", metavar="TIME", help="The instant to judge (default: now).")
@click.option("--country", metavar="CODE", help="The country that the platform says the person is in, such as FR.")
@common
@click.pass_obj
def check(given: Common, number: str, at: datetime, country: str | None) -> None:
    """Tell whether a number may be called, and by which rules.

    Nothing is called. NUMBER is in international form. TIME is ISO 8601, in UTC if it has no offset, or now.
    The exit code is 0 if a call is lawful by the pack at that time, 1 if not.
    """
    pack = _pack(given)
    from dispatcher.reports.rules import number_document
    from dispatcher.rules.numbers import NumberFault, normalise

    try:
        e164 = normalise(number)
        document = number_document(e164, at, pack, country)
    except NumberFault as fault:
        raise click.UsageError(f"{fault.detail}.") from fault
    except OverflowError as fault:
        raise click.UsageError("--at is too near to an end of the calendar.") from fault
    given.show(document, _check_page)
    if not document["lawful"]:
        raise problem()


def _pack(given: Common) -> RulePack:
    settings = given.settings()
    from dispatcher.rules.zones import use_newest

    use_newest()
    pack = settings.calling_rules.pack()
    if pack is None:
        raise click.UsageError("the calling rules are switched off by calling_rules.enabled.")
    return pack


def _list_page(page: Page, document: dict[str, Any]) -> None:
    page.line(f"Calling rules {document['version']}", "bold")
    page.line(_DISCLAIMER, "yellow")
    page.table(
        ["rule", "mode", "where", "lawful hours", "holidays", "attempts", "from", "checked", "source"],
        [
            (
                one["id"],
                one["mode"],
                " ".join(one["regions"]),
                "; ".join([*one["hours"], *(f"before holidays {hours}" for hours in one["before_holidays"])]),
                one["on_holidays"],
                "; ".join(one["attempts"]),
                one["effective_from"],
                one["checked"] or "no",
                one["source"],
            )
            for one in document["rules"]
        ],
    )
    for one in document["rules"]:
        for text in (one["consent"], one["note"]):
            if text:
                page.advice(f"{one['id']}: {text}")


def _check_page(page: Page, document: dict[str, Any]) -> None:
    by_mode = {mode: [one for one in document["rules"] if one["mode"] == mode] for mode in ("on", "shadow", "off")}
    page.facts(
        {
            "number": document["number"],
            "may be in": " ".join(document["regions"]),
            "zones": ", ".join(document["zones"]),
            "rules that bind": _ids(by_mode["on"]),
            "in shadow": _ids(by_mode["shadow"]),
            "switched off": _ids(by_mode["off"]),
            "at most": "; ".join(f"{cap} ({one['id']})" for one in by_mode["on"] for cap in one["attempts"]),
        }
    )
    page.line()
    for one in document["rules"]:
        if one["consent"]:
            page.advice(f"{one['id']}: {one['consent']}")
    if document["lawful"]:
        ends = document["lawful_until"]
        page.good(f"By these rules it may be called, until {utc(read(ends))} ({until(read(ends))}).")
    else:
        page.bad(f"It may not be called: {document['detail']}.")
        if document["until"]:
            page.line(f"It may be again at {utc(read(document['until']))} ({until(read(document['until']))}).")
    page.line(_DISCLAIMER, "yellow")


def _ids(rules: Iterable[dict[str, Any]]) -> str:
    return " ".join(one["id"] for one in rules)
