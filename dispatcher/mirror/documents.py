"""The platform's documents as the mirror keeps them, and whether another text says the same.

Things are known again by a digest of their text. One that differs need not mean a change: the platform may have put
the fields in another order, or a space between them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, Text, cast, select

from dispatcher.mirror.rows import chunks


def documents(connection: Connection, table: Table, uuids: Iterable[str]) -> dict[str, str]:
    """Return the documents of things that are not removed, as JSON, by uuid."""
    found: dict[str, str] = {}
    columns = select(table.c.uuid, cast(table.c.document, Text).label("document")).where(table.c.removed_at.is_(None))
    for some in chunks(uuids):
        found |= {row.uuid: row.document for row in connection.execute(columns.where(table.c.uuid.in_(some)))}
    return found


def says_the_same(before: str | None, now: bytes) -> bool:
    """Tell whether two texts hold the same fields with the same values; None holds something else than any text."""
    if before is None:
        return False
    # As text, not as objects: to Python, 1 and true are equal.
    return _ordered(before.encode()) == _ordered(now)


def fields(text: str | bytes) -> Mapping[str, Any]:
    """Return the fields of a document; none if it holds a number that is out of range, and could not be written."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _ordered(text: bytes) -> bytes:
    try:
        return msgspec.json.encode(msgspec.json.decode(text), order="sorted")
    except msgspec.DecodeError:
        return text
