"""One JSON document of the platform, as text: what it is known by, and what of it can be stored.

A list may have a million things, and most have not changed since it was last read. So a page is cut into the texts of
its things, and of a text only those fields become objects that somebody asks for.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, TypeGuard, TypeVar

import msgspec

T = TypeVar("T")

DIGEST_LENGTH = 32
"""Hexadecimal digits in the digest of a document."""

LONGEST_ID = 200

OUT_OF_RANGE = "it holds a number that is out of range"

_NOTHING = b"{}"

_DEEPEST = 100
"""Levels of nesting that are read: far more than the platform's documents have, far fewer than break a parser."""


class Glance(msgspec.Struct, frozen=True, gc=False):
    """What a document is known by: most have not changed since the last pass, and need not be read to tell.

    `uuid` is None if it cannot be named; `text` is the JSON, and `digest` a digest of it.
    """

    uuid: str | None
    digest: str
    text: bytes


class _Named(msgspec.Struct, gc=False):
    uuid: Any = None


_named = msgspec.json.Decoder(_Named)


def glance(text: bytes) -> Glance:
    """Look at a document without reading it."""
    try:
        uuid = _named.decode(text).uuid
    except (msgspec.DecodeError, RecursionError):
        uuid = None  # no object, or one with a number for a name that is out of range, or nested without end
    return Glance(uuid if _is_name(uuid) else None, blake2b(text, digest_size=DIGEST_LENGTH // 2).hexdigest(), text)


def read(decoder: msgspec.json.Decoder[T], seen: Glance, faults: list[str]) -> tuple[T, bytes]:
    """Return the fields of a document that a decoder asks for, and what of its text can be stored.

    There are no fields if one of them is a number out of range.
    """
    text = _sound(seen, faults)
    try:
        return decoder.decode(text), text
    except msgspec.DecodeError:
        faults.append(OUT_OF_RANGE)
        return decoder.decode(_NOTHING), text


def _sound(seen: Glance, faults: list[str]) -> bytes:
    """Return what of a document can be stored: neither NUL, which PostgreSQL refuses, nor depths."""
    text = seen.text
    has_nul = b"\\" in text and b"\\u0000" in text
    if not has_nul and text.count(b"{") + text.count(b"[") <= _DEEPEST:
        return text
    try:
        found = msgspec.json.decode(text)
    except RecursionError:
        found = None
    except msgspec.DecodeError:
        faults.append(OUT_OF_RANGE)
        return _NOTHING
    if found is None or _is_too_deep(found):
        faults.append(f"it is nested more than {_DEEPEST} levels deep")
        return msgspec.json.encode({"uuid": seen.uuid})
    return msgspec.json.encode(_without_nul(found)) if has_nul else text


def _is_name(uuid: Any) -> TypeGuard[str]:
    # A dot or two would be a path to something else.
    return isinstance(uuid, str) and 0 < len(uuid) <= LONGEST_ID and uuid.isprintable() and uuid not in {".", ".."}


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
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_without_nul(held) for held in value]
    return value
