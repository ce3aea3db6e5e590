"""Writing many rows at once, the same way on SQLite and PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]
T = TypeVar("T")

CHUNK = 500
"""Values in one IN (…): well below what either database takes."""


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that can say what to do on a conflict."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def put(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, or overwrite the columns that they name where the primary key is there already.

    All rows must name the same columns.
    """
    if not rows:
        return
    statement = insert(connection, table)
    key = [column.name for column in table.primary_key]
    statement = statement.on_conflict_do_update(
        index_elements=key,
        set_={name: statement.excluded[name] for name in rows[0] if name not in key},
    )
    connection.execute(statement, list(rows))


def chunks(items: Iterable[T]) -> Iterable[list[T]]:
    """Yield the items in lists short enough for one statement."""
    listed = list(items)
    for start in range(0, len(listed), CHUNK):
        yield listed[start : start + CHUNK]
