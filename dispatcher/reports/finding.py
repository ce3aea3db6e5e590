"""Which campaign, phone or order a person means."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import TypeVar

from dispatcher.errors import NotFoundError
from dispatcher.mirror import campaigns, history, orders
from dispatcher.mirror.database import Connection
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.order import OrderRecord
from dispatcher.rules.fault import shown

T = TypeVar("T", Campaign, Phone)

_SHORTEST_PREFIX = 4

_MOST_LIKE = 3
"""So many names are told that may have been meant."""


def find_campaign(connection: Connection, text: str) -> Campaign:
    """Return the campaign that has `text` as its uuid, as the start of only its uuid, or as only its name.

    NotFoundError says that there is none, or that there are several.
    """
    return pick("campaign", campaigns.load(connection)[0], text)


def find_tried_campaign(connection: Connection, text: str) -> str:
    """Return the uuid of the campaign that `text` means; one that the platform has removed is named by its uuid."""
    # The attempts of a campaign outlive it.
    return find_past_campaign(connection, text, lambda: history.listed(connection, campaign=text, limit=1))


def find_past_campaign(connection: Connection, text: str, left: Callable[[], Sequence[object]]) -> str:
    """Return the uuid of the campaign that `text` means, or `text` itself if that is one of which things are left."""
    try:
        return find_campaign(connection, text).uuid
    except NotFoundError:
        if not left():
            raise
        return text


def find_phone(connection: Connection, text: str) -> Phone:
    """Return the phone that `text` means, by the same rules as a campaign, or by its number."""
    phones = campaigns.load(connection)[1]
    by_number = [phone for phone in phones.values() if phone.number == text]
    return by_number[0] if len(by_number) == 1 else pick("phone", phones, text)


def find_order(connection: Connection, campaign: Campaign, text: str) -> OrderRecord:
    """Return the order of a campaign that has `text` as its uuid, or as the start of only its uuid."""
    record = orders.record(connection, text)
    if record is None and len(text) >= _SHORTEST_PREFIX:
        found = orders.starting(connection, campaign.uuid, text)
        if len(found) > 1:
            raise NotFoundError(f"several orders of the campaign start with {shown(text)}: give the whole uuid of one")
        record = orders.record(connection, found[0]) if found else None
    if record is None or record.order.campaign != campaign.uuid:
        raise NotFoundError(f"campaign {campaign.uuid} has no order {shown(text)} in the mirror")
    return record


def find_tried_order(connection: Connection, text: str) -> str:
    """Return the uuid of the order with attempts that `text` is, or is the start of; any other text as it is."""
    if len(text) < _SHORTEST_PREFIX or history.listed(connection, order=text, limit=1):
        return text
    found = history.orders_starting(connection, text)
    if len(found) > 1:
        raise NotFoundError(f"several orders start with {shown(text)}: give the whole uuid of one")
    return found[0] if found else text


def pick(kind: str, things: Mapping[str, T], text: str) -> T:
    """Return the one thing that `text` means; `kind` is the word for it in the sentence of the NotFoundError."""
    if text in things:
        return things[text]
    found = [thing for thing in things.values() if thing.name == text]
    if not found and len(text) >= _SHORTEST_PREFIX:
        found = [thing for uuid, thing in things.items() if uuid.startswith(text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFoundError(f"{len(found)} {kind}s are meant by {shown(text)}: give the whole uuid of one")
    like = [thing.name for thing in things.values() if text.casefold() in thing.name.casefold()]
    like = like or get_close_matches(text, [thing.name for thing in things.values()], _MOST_LIKE)
    meant = f" (like it: {', '.join(shown(name) for name in sorted(like)[:_MOST_LIKE])})" if like else ""
    raise NotFoundError(
        f"there is no {kind} {shown(text)} in the mirror{meant}: give a uuid, the start of one, or an exact name"
    )
