"""What is to come in words: the last call before closing, and a forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dispatcher.cli.times import both, length, read

if TYPE_CHECKING:
    from datetime import tzinfo

    from dispatcher.cli.tables import Page

_OF = {"campaign": "its own last", "all": "the last of all campaigns, its own being too few yet:"}


def last_call(guard: dict[str, Any]) -> dict[str, str]:
    """Return, as a fact to be listed, how long before closing the last call begins; none if at the very close."""
    if not guard["before_close_s"]:
        return {}
    return {"last call": f"{length(guard['before_close_s'])} before it closes ({guard['by']})"}


def tell(page: Page, forecast: dict[str, Any] | None, zone: tzinfo | None) -> None:
    """Write when the list will be done, by what that is told, and what of it is never called."""
    if forecast is None:
        page.advice("Nothing is known of its orders yet.")
        return
    if forecast["done_at"]:
        orders, calls = forecast["waiting"], forecast["calls"]
        page.line(f"The list will be done {both(read(forecast['done_at']), zone)}.", "bold")
        page.line(f"{_number(orders, 'order')} waiting, about {_number(calls, 'call')}; {_pace(forecast['pace'])}.")
        page.advice(_basis(forecast["observed"]))
    else:
        page.line(f"When the list will be done cannot be told: {forecast['detail']}.")
    if forecast["never"]:
        counted = ", ".join(f"{number} {code}" for code, number in forecast["never"].items())
        page.line(f"Never called as things stand: {counted}.", "yellow")


def _pace(pace: dict[str, Any]) -> str:
    sharing = pace["campaigns_on_phone"]
    shared = f", {sharing} campaigns share the phone" if sharing > 1 else ""
    return f"{pace['calls_per_hour']:g} calls an hour while open ({pace['limited_by']}{shared})"


def _basis(observed: dict[str, Any]) -> str:
    found = f"a call takes {length(observed['call_s'])} and {observed['retried']:.0%} are tried again"
    if observed["of"] == "assumed":
        return f"Assumed until enough calls have ended: {found}."
    return f"By {_OF[observed['of']]} {observed['calls']} calls: {found}."


def _number(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
