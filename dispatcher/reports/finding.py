"""Which campaign or phone a person means."""

from collections.abc import Mapping
from typing import TypeVar

from dispatcher.errors import NotFoundError
from dispatcher.mirror import campaigns
from dispatcher.mirror.database import Connection
from dispatcher.model.campaign import Campaign, Phone

T = TypeVar("T", Campaign, Phone)

_SHOWN = 60
_SHORTEST_PREFIX = 4


def find_campaign(connection: Connection, text: str) -> Campaign:
    """Return the campaign that has `text` as its uuid, as the start of only its uuid, or as only its name.

    NotFoundError says that there is none, or that there are several.
    """
    return pick("campaign", campaigns.load(connection)[0], text)


def find_phone(connection: Connection, text: str) -> Phone:
    """Return the phone that `text` means, by the same rules as a campaign, or by its number."""
    phones = campaigns.load(connection)[1]
    by_number = [phone for phone in phones.values() if phone.number == text]
    return by_number[0] if len(by_number) == 1 else pick("phone", phones, text)


def pick(kind: str, things: Mapping[str, T], text: str) -> T:
    """Return the one thing that `text` means; `kind` is the word for it in the sentence of the NotFoundError."""
    if text in things:
        return things[text]
    found = [thing for thing in things.values() if thing.name == text]
    if not found and len(text) >= _SHORTEST_PREFIX:
        found = [thing for uuid, thing in things.items() if uuid.startswith(text)]
    if len(found) == 1:
        return found[0]
    shown = repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
    if found:
        raise NotFoundError(f"{len(found)} {kind}s are meant by {shown}: give the whole uuid of one")
    raise NotFoundError(f"there is no {kind} {shown} in the mirror: give a uuid, the start of one, or an exact name")
