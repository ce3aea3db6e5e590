"""The platform's documents as our data. Nothing raises: what is malformed blocks its own object, with a sentence.

The fields that are read may be anything: what they have to be is said here, so that each fault has a sentence.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from dispatcher.api.document import LONGEST_ID, OUT_OF_RANGE, Glance, read
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.found import Found
from dispatcher.model.order import Order, OrderStatus, order_status

_LONGEST_SHOWN = 60
_LONGEST_KEPT = 2000
_NULL = Raw(b"null")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document that cannot even be named."""

    why: str


class _Campaign(msgspec.Struct, gc=False, rename="camel"):
    name: Any = None
    status: Any = None
    type: Any = None
    timezone: Any = None
    schedule: Raw = _NULL
    outbound_phone_uuid: Any = None
    outbound_assistant_uuid: Any = None


class _Phone(msgspec.Struct, gc=False, rename="camel"):
    name: Any = None
    number: Any = None
    country_code: Any = None
    provider: Any = None
    status: Any = None


class _Record(msgspec.Struct, gc=False, rename="camel"):
    uuid: Any = None
    name: Any = None
    country: Any = None
    phone: Any = None
    phone_number: Any = msgspec.UNSET


_NO_RECORD = _Record()


class _Order(msgspec.Struct, gc=False, rename="camel"):
    campaign_uuid: Any = msgspec.UNSET
    status: Any = None
    scheduled_time: Any = None
    instructions: Any = None
    record: _Record | list[Any] | str | int | float | bool | None = None


class _Status(msgspec.Struct, gc=False):
    status: Any = None


_campaign = msgspec.json.Decoder(_Campaign)
_phone = msgspec.json.Decoder(_Phone)
_order = msgspec.json.Decoder(_Order)
_status = msgspec.json.Decoder(_Status)


def campaign(seen: Glance) -> Found[Campaign] | Unreadable:
    """Read a campaign."""
    if seen.uuid is None:
        return _unreadable("campaign", seen.text)
    faults: list[str] = []
    found, text = read(_campaign, seen, faults)
    # By their places, and functions only for what is there: there may be a hundred thousand campaigns.
    thing = Campaign(
        seen.uuid,
        _text("name", found.name, faults),
        _word("status", found.status, faults),
        _word("type", found.type, faults),
        None if found.timezone is None else _optional("timezone", found.timezone, faults),
        _schedule(bytes(found.schedule), faults),
        _reference("outboundPhoneUuid", found.outbound_phone_uuid, faults),
        _reference("outboundAssistantUuid", found.outbound_assistant_uuid, faults),
        faults[0] if faults else None,
    )
    return Found(thing, seen.digest, text)


def phone(seen: Glance) -> Found[Phone] | Unreadable:
    """Read a phone."""
    if seen.uuid is None:
        return _unreadable("phone", seen.text)
    faults: list[str] = []
    found, text = read(_phone, seen, faults)
    thing = Phone(
        uuid=seen.uuid,
        name=_optional("name", found.name, faults) or "",
        number=_text("number", found.number, faults),
        country=_optional("countryCode", found.country_code, faults),
        provider=_optional("provider", found.provider, faults),
        status=_word("status", found.status, faults),
        fault=faults[0] if faults else None,
    )
    return Found(thing, seen.digest, text)


def order(seen: Glance, campaign: str) -> Found[Order] | Unreadable:
    """Read an order that the platform lists for a campaign."""
    if seen.uuid is None:
        return _unreadable("order", seen.text)
    faults: list[str] = []
    found, text = read(_order, seen, faults)
    owner = found.campaign_uuid
    if owner != campaign and owner is not msgspec.UNSET:
        faults.append(f"campaignUuid is {_shown(owner)}, but the order is listed for {_shown(campaign)}")
    record = found.record
    if not isinstance(record, _Record):
        faults.append(f"record is {_shown(record)}, not an object")
        record = _NO_RECORD
    # Older pages of the platform say `phone` where newer ones say `phoneNumber`.
    number = record.phone if record.phone_number is msgspec.UNSET else record.phone_number
    # As with campaigns; one may have a million orders.
    thing = Order(
        seen.uuid,
        campaign,
        order_status(found.status),
        number if number is None or isinstance(number, str) else _shown(number),
        None if found.scheduled_time is None else _instant("scheduledTime", found.scheduled_time, faults),
        None if found.instructions is None else _optional("instructions", found.instructions, faults),
        record.uuid if isinstance(record.uuid, str) else None,
        record.name if isinstance(record.name, str) else None,
        record.country if isinstance(record.country, str) else None,
        faults[0] if faults else None,
    )
    return Found(thing, seen.digest, text)


def status_of(seen: Glance) -> OrderStatus:
    """Return the status of an order, and read no more of it; UNKNOWN if it has none."""
    try:
        return order_status(_status.decode(seen.text).status)
    except (msgspec.DecodeError, RecursionError):
        return OrderStatus.UNKNOWN


def _unreadable(kind: str, text: bytes) -> Unreadable:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return Unreadable(f"a {kind} cannot be read, not even its uuid")
    if not isinstance(found, dict):
        return Unreadable(f"a {kind} is {_shown(found)}, not an object")
    return Unreadable(f"a {kind} has {_shown(found.get('uuid'))} for a uuid")


def _text(name: str, value: Any, faults: list[str]) -> str:
    """Return a string that must be there."""
    if not isinstance(value, str) or not value.strip():
        faults.append(f"{name} is {_shown(value)}")
        return ""
    return value


def _word(name: str, value: Any, faults: list[str]) -> str:
    """One of the platform's words, trimmed and in lower case."""
    return _text(name, value, faults).strip().lower()


def _optional(name: str, value: Any, faults: list[str]) -> str | None:
    """Return a string, or None for null."""
    if value is not None and not isinstance(value, str):
        faults.append(f"{name} is {_shown(value)}, not a string")
        return None
    return value


def _reference(name: str, value: Any, faults: list[str]) -> str | None:
    """Return the uuid of something else, or None."""
    if isinstance(value, str) and len(value) <= LONGEST_ID and value.isprintable():
        return value or None
    if _optional(name, value, faults) is not None:
        faults.append(f"{name} is {_shown(value)}, no id")
    return None


def _instant(name: str, value: Any, faults: list[str]) -> datetime | None:
    """Return an instant in ISO 8601, or None; without an offset it is UTC, as the platform documents."""
    value = _optional(name, value, faults)
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        faults.append(f"{name} is {_shown(value)}, no time in ISO 8601")
        return None


def _schedule(text: bytes, faults: list[str]) -> Any:
    """Return a schedule; the same one for all campaigns that keep the same hours, which are few."""
    try:
        return _kept_schedule(text) if len(text) <= _LONGEST_KEPT else msgspec.json.decode(text)
    except msgspec.DecodeError:
        faults.append(OUT_OF_RANGE)
        return None


@lru_cache(maxsize=1024)
def _kept_schedule(text: bytes) -> Any:
    return msgspec.json.decode(text)


def _shown(value: Any) -> str:
    try:
        quoted = repr(value) if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    except (RecursionError, ValueError):
        return "something that cannot be shown"  # nested without end, or a number of thousands of digits
    return quoted if len(quoted) <= _LONGEST_SHOWN else quoted[:_LONGEST_SHOWN] + "…"
