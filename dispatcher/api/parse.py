"""The platform's documents as our data. Nothing raises: what is malformed blocks its own object, with a sentence."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Generic, NamedTuple, TypeGuard, TypeVar

import orjson

from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.order import Order, order_status

T = TypeVar("T")

DIGEST_LENGTH = 32
"""Hexadecimal digits in the digest of a document."""

_LONGEST_ID = 200
_LONGEST_SHOWN = 60
_LONGEST_KEPT = 2000
_DEEPEST = 100
"""Levels of nesting that are read: far more than the platform's documents have, far fewer than break a parser."""


class Parsed(NamedTuple, Generic[T]):
    """A document that could be read, at least in part: what it says, the document itself, and its digest.

    `text` is the document as JSON; None if it is not at hand.
    """

    thing: T
    document: Mapping[str, Any]
    digest: str
    text: bytes | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document that cannot even be named."""

    why: str


class Glance(NamedTuple):
    """What a document is known by: most have not changed since the last pass, and need not be read to tell.

    `uuid` is None if it cannot be named; `digest` is the one that it would have if it were read. `text` is the document
    as JSON, its keys in order; None if something in it cannot be stored.
    """

    uuid: str | None
    digest: str
    text: bytes | None


def glance(found: Any) -> Glance:
    """Look at a document without reading it."""
    text = _dumped(found)
    if text is None:
        document = _Document(found)
        return Glance(document.uuid, "" if document.uuid is None else document.digest, None)
    uuid = found.get("uuid") if isinstance(found, dict) else None
    return Glance(uuid, _digest(text), text) if _is_name(uuid) else Glance(None, "", text)


def campaign(found: Any, seen: Glance | None = None) -> Parsed[Campaign] | Unreadable:
    """Read a campaign, at which somebody may have glanced."""
    document = _Document(found, seen)
    if document.uuid is None:
        return document.unreadable("campaign")
    return document.parsed(
        Campaign(
            uuid=document.uuid,
            name=document.text("name"),
            status=document.word("status"),
            type=document.word("type"),
            timezone=document.optional("timezone"),
            schedule=_same(document.fields.get("schedule")),
            phone=document.reference("outboundPhoneUuid"),
            assistant=document.reference("outboundAssistantUuid"),
            fault=document.fault,
        )
    )


def phone(found: Any, seen: Glance | None = None) -> Parsed[Phone] | Unreadable:
    """Read a phone, at which somebody may have glanced."""
    document = _Document(found, seen)
    if document.uuid is None:
        return document.unreadable("phone")
    return document.parsed(
        Phone(
            uuid=document.uuid,
            name=document.optional("name") or "",
            number=document.text("number"),
            country=document.optional("countryCode"),
            provider=document.optional("provider"),
            status=document.word("status"),
            fault=document.fault,
        )
    )


def order(found: Any, campaign: str, seen: Glance | None = None) -> Parsed[Order] | Unreadable:
    """Read an order that the platform lists for a campaign, at which somebody may have glanced."""
    document = _Document(found, seen)
    if document.uuid is None:
        return document.unreadable("order")
    get = document.fields.get
    owner = get("campaignUuid", campaign)
    if owner != campaign:
        document.blame(f"campaignUuid is {_shown(owner)}, but the order is listed for {_shown(campaign)}")
    record = get("record")
    if not isinstance(record, dict):
        document.blame(f"record is {_shown(record)}, not an object")
        record = {}
    # Older pages of the platform say `phone` where newer ones say `phoneNumber`.
    number = record.get("phoneNumber", record.get("phone"))
    # By their places, and methods only for what is there: a campaign may have a million orders.
    return document.parsed(
        Order(
            document.uuid,
            campaign,
            order_status(get("status")),
            number if number is None or isinstance(number, str) else _shown(number),
            None if get("scheduledTime") is None else document.instant("scheduledTime"),
            None if get("instructions") is None else document.optional("instructions"),
            _text(record.get("uuid")),
            _text(record.get("name")),
            _text(record.get("country")),
            document.fault,
        )
    )


class _Document:
    """One JSON document on its way to being read; the first fault found is kept."""

    __slots__ = ("_digest", "_found", "_text", "fault", "fields", "uuid")

    def __init__(self, found: Any, seen: Glance | None = None) -> None:
        self.fault: str | None = None
        self.uuid: str | None  # the name of the thing; None if it has none that could be shown
        self.fields: dict[str, Any]
        self._digest: str | None = None
        self._text: bytes | None
        if seen is not None and seen.text is not None:
            self.uuid, self._digest, self._text = seen
            self.fields = found if self.uuid is not None or isinstance(found, dict) else {}
        else:
            self._text = _dumped(found)
            if self._text is None:
                found = self._made_sound(found)
            self.fields = found if isinstance(found, dict) else {}
            uuid = self.fields.get("uuid")
            self.uuid = uuid if _is_name(uuid) else None
        self._found = found

    def _made_sound(self, found: Any) -> Any:
        """Return what of a document can be stored: neither NUL nor depths."""
        if _is_too_deep(found):
            self.blame(f"it is nested more than {_DEEPEST} levels deep")
            found = {"uuid": found.get("uuid")} if isinstance(found, dict) else None
            found = None if _is_too_deep(found) else found
        # A name with NUL is none: lists are compared by what stood in them, and nothing may be renamed here.
        sound = _without_nul(found)
        return sound if not isinstance(found, dict) or _is_name(found.get("uuid")) else sound | {"uuid": None}

    @property
    def digest(self) -> str:
        """The digest of what of the document is kept."""
        if self._digest is None:
            self._digest = digest(self.fields) if self._text is None else _digest(self._text)
        return self._digest

    def unreadable(self, kind: str) -> Unreadable:
        if not isinstance(self._found, dict):
            return Unreadable(f"a {kind} is {_shown(self._found)}, not an object")
        return Unreadable(f"a {kind} has {_shown(self.fields.get('uuid'))} for a uuid")

    def parsed(self, thing: T) -> Parsed[T]:
        return Parsed(thing, self.fields, self.digest, self._text)

    def blame(self, fault: str) -> None:
        self.fault = self.fault or fault

    def text(self, name: str) -> str:
        """Return a string that must be there."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value.strip():
            self.blame(f"{name} is {_shown(value)}")
            return ""
        return value

    def word(self, name: str) -> str:
        """One of the platform's words, trimmed and in lower case."""
        return self.text(name).strip().lower()

    def optional(self, name: str) -> str | None:
        """Return a string, or None for null."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, str):
            self.blame(f"{name} is {_shown(value)}, not a string")
            return None
        return value

    def reference(self, name: str) -> str | None:
        """Return the uuid of something else, or None."""
        value = self.optional(name)
        if value is not None and (len(value) > _LONGEST_ID or not value.isprintable()):
            self.blame(f"{name} is {_shown(value)}, no id")
            return None
        return value or None

    def instant(self, name: str) -> datetime | None:
        """Return an instant in ISO 8601, or None; without an offset it is UTC, as the platform documents."""
        value = self.optional(name)
        if not value:
            return None
        try:
            read = datetime.fromisoformat(value)
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        except (ValueError, OverflowError):
            self.blame(f"{name} is {_shown(value)}, no time in ISO 8601")
            return None


def _dumped(found: Any) -> bytes | None:
    """Return a document with its keys in order; None if it may be nested too deep, or hold NUL."""
    try:
        dumped = orjson.dumps(found, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return None  # nested deeper than the encoder goes
    shallow = dumped.count(b"{") + dumped.count(b"[") <= _DEEPEST
    return dumped if shallow and b"\\u0000" not in dumped else None


def digest(document: Mapping[str, Any]) -> str:
    """Return a digest of a document that does not depend on the order of its keys."""
    return _digest(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))


def _digest(dumped: bytes) -> str:
    return blake2b(dumped, digest_size=DIGEST_LENGTH // 2).hexdigest()


def _is_name(uuid: Any) -> TypeGuard[str]:
    return isinstance(uuid, str) and 0 < len(uuid) <= _LONGEST_ID and uuid.isprintable()


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for held in level for inner in _held(held)]
        if not level:
            return False
    return True


def _held(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _without_nul(value: Any) -> Any:
    """Drop NUL characters, which PostgreSQL does not store."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_without_nul(held) for held in value]
    return value


def _same(schedule: Any) -> Any:
    """Return a schedule; the same one for all campaigns that keep the same hours, which are few."""
    try:
        text = orjson.dumps(schedule)
    except orjson.JSONEncodeError:
        return schedule  # nested very deep
    return _schedule(text) if len(text) <= _LONGEST_KEPT else schedule


@lru_cache(maxsize=1024)
def _schedule(text: bytes) -> Any:
    return orjson.loads(text)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    quoted = repr(value) if isinstance(value, str) else text
    return quoted if len(quoted) <= _LONGEST_SHOWN else quoted[:_LONGEST_SHOWN] + "…"
