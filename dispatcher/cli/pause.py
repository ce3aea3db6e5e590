"""`dispatcher pause` and `dispatcher resume`: the operator's own brakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.times import length, now
from dispatcher.model.brakes import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from dispatcher.cli.tables import Page
    from dispatcher.mirror.database import Connection, Database


@dataclass(frozen=True, slots=True)
class Target:
    """What a brake is for; `uuid` is None for everything."""

    scope: Scope
    uuid: str | None
    name: str


def _targeted(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--all", "everything", is_flag=True, help="All campaigns, those to come too.")(command)
    command = click.option("--phone", metavar="UUID", help="An outbound phone, whatever campaign uses it.")(command)
    return click.argument("campaign", required=False)(command)


@click.command(
    cls=Taught,
    examples=[
        "dispatcher pause 'Summer Promotion 2026' --reason 'wrong script'",
        "dispatcher pause --phone 9z8y7x6w --reason 'flagged as spam'",
        "dispatcher pause --all --reason 'storm warning'",
    ],
)
@_targeted
@click.option("--reason", required=True, help="Why; shown wherever people ask why nothing is dialled.")
@common
@click.pass_obj
def pause(given: Common, campaign: str | None, phone: str | None, everything: bool, reason: str) -> None:
    """Stop dialling a campaign, a phone or everything.

    It holds until you resume it: it is kept across restarts, and no sync undoes it. Calls that wait are taken back;
    calls that a dialer has begun go on. CAMPAIGN is a uuid, the start of one, or a name.
    """
    from dispatcher.cli.mirrored import opened
    from dispatcher.mirror import brakes

    _check_one(campaign, phone, everything)
    if not reason.strip():
        raise click.UsageError("--reason is empty: say why, for those who will ask.")
    settings = given.settings()
    with opened(settings) as database:
        target = _target(database, campaign, phone)
        placed = database.run_write(brakes.place, target.scope, target.uuid, reason, now())
        kept = database.run(brakes.current)
        alive = database.run(_daemon_alive)
    in_force = {
        Scope.ALL: kept.everything,
        Scope.CAMPAIGN: kept.campaigns.get(target.uuid or ""),
        Scope.PHONE: kept.phones.get(target.uuid or ""),
    }[target.scope]
    lease = length(settings.hopper.lease)
    follows = (
        "The daemon takes back what waits within a second."
        if alive
        else f"No daemon is running on this database: what it left in the hopper expires within {lease}."
    )
    said = _document(target, changed=placed, reason=in_force) | {"daemon_running": alive}

    def page(page: Page, _: Any) -> None:
        if placed:
            page.good(f"{target.name} is paused: {reason}")
            page.line(follows)
        else:
            page.line(f"{target.name} was paused already: {in_force}")

    given.show({"paused": said}, page)


@click.command(cls=Taught, examples=["dispatcher resume 'Summer Promotion 2026'", "dispatcher resume --all"])
@_targeted
@click.option("--reason", help="Why; repeated in the output, for whoever keeps it.")
@common
@click.pass_obj
def resume(given: Common, campaign: str | None, phone: str | None, everything: bool, reason: str | None) -> None:
    """Take a pause off a campaign, a phone or everything.

    Each pause is taken off by itself: `resume --all` ends `pause --all` and leaves campaigns that were paused by
    name as they are.
    """
    from dispatcher.cli.mirrored import opened
    from dispatcher.mirror import brakes

    _check_one(campaign, phone, everything)
    with opened(given.settings()) as database:
        target = _target(database, campaign, phone)
        lifted = database.run_write(brakes.lift, target.scope, target.uuid, now())
        kept = database.run(brakes.current)
        alive = database.run(_daemon_alive)
    left = [] if kept.everything is None else [f"everything is paused: {kept.everything}"]
    if target.scope is Scope.ALL:
        held = {"campaigns": len(kept.campaigns), "phones": len(kept.phones)}
        left = [f"{kind} that are paused by name: {number}" for kind, number in held.items() if number]
    said = _document(target, changed=lifted, reason=reason) | {"daemon_running": alive, "still_paused": left}

    def page(page: Page, _: Any) -> None:
        if lifted:
            page.good(f"{target.name} is resumed{f': {reason}' if reason else '.'}")
            page.line(
                "The daemon goes on with it within a second." if alive else "No daemon is running on this database."
            )
        else:
            page.line(f"{target.name} was not paused." if target.uuid else "There was no pause of everything.")
        for one in left:
            page.bad(f"Still, {one}.")

    given.show({"resumed": said}, page)


def _check_one(campaign: str | None, phone: str | None, everything: bool) -> None:
    if [campaign is not None, phone is not None, everything].count(True) != 1:
        raise click.UsageError("Name one thing: a CAMPAIGN, --phone UUID or --all.")


def _target(database: Database, campaign: str | None, phone: str | None) -> Target:
    """Find the one thing that was named; NotFoundError if the mirror has no such thing."""
    from dispatcher.reports.finding import find_campaign, find_phone

    if campaign is not None:
        found = database.run(find_campaign, campaign)
        return Target(Scope.CAMPAIGN, found.uuid, f"Campaign {found.name} ({found.uuid})")
    if phone is not None:
        line = database.run(find_phone, phone)
        return Target(Scope.PHONE, line.uuid, f"Phone {line.number} ({line.uuid})")
    return Target(Scope.ALL, None, "Everything")


def _document(target: Target, *, changed: bool, reason: str | None) -> dict[str, Any]:
    return {"scope": target.scope.value, "target": target.uuid, "changed": changed, "reason": reason}


def _daemon_alive(connection: Connection) -> bool:
    from dispatcher.mirror import record
    from dispatcher.reports.facts import running

    return running(record.current(connection), now())
