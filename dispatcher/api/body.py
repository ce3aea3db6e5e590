"""The body of an answer: as much of it as fits, unpacked, and as JSON."""

import re
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_ESCAPES = re.compile(
    rb"(?P<kept>\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""A backslash, a whole pair of surrogates, or else half a pair."""

LARGEST_BODY = 16 * 1024 * 1024
"""A page of a hundred things is far smaller; an answer without end is cut off here, packed or unpacked."""

_GZIP = zlib.MAX_WBITS + 16


class BodyTooLongError(Exception):
    """A body has more than LARGEST_BODY bytes."""


async def read_whole(parts: AsyncIterator[bytes], encoding: str) -> bytes:
    """Return a body that comes in parts and is plain or gzip; BodyTooLongError, or ValueError if it cannot be unpacked.

    It is unpacked here and not by httpx, which unpacks each part to its end, and encodings of encodings: a part of
    64 KiB may hold gigabytes.
    """
    encoding = encoding.strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise ValueError(encoding)
    unpacking = zlib.decompressobj(_GZIP) if encoding.endswith("gzip") else None
    body, packed = bytearray(), 0
    try:
        async for part in parts:
            packed += len(part)
            if unpacking is None:
                body += part
            elif not unpacking.eof:
                # One byte more than fits tells that there is more.
                body += unpacking.decompress(part, LARGEST_BODY + 1 - len(body))
            if max(packed, len(body)) > LARGEST_BODY:
                raise BodyTooLongError
    except zlib.error as fault:
        raise ValueError(str(fault)) from fault
    return bytes(body)


def read_json(body: bytes, decode: Callable[[bytes], T]) -> T:
    """Return what JSON says, as `decode` of msgspec reads it; ValueError if it is none.

    Half a surrogate pair, which is what a cut through an emoji leaves, reads as U+FFFD: one person's name must not
    hide everybody else on the page. ValidationError, which is a ValueError too, if it is not what `decode` expects.
    """
    body.decode()  # texts that `decode` skips it does not look into
    try:
        try:
            return decode(body)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            return decode(_ESCAPES.sub(lambda found: found["kept"] or rb"\ufffd", body))
    except RecursionError as fault:
        raise ValueError("it is nested too deep") from fault


def read_object(body: bytes) -> dict[str, Any]:
    """Return an object; ValidationError if it is something else, ValueError if it is no JSON."""
    return read_json(body, _objects.decode)


def read_text(body: bytes) -> bytes:
    """Return the JSON text of an object; faults are those of `read_object`."""
    return read_json(body, _checked)


_objects = msgspec.json.Decoder(dict[str, Any])
_texts = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _checked(text: bytes) -> bytes:
    _texts.decode(text)
    return text
