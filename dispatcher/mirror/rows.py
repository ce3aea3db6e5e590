"""Writing many rows at once, the same way on SQLite and PostgreSQL."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import JSON, Connection, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from dispatcher.mirror.types import Instant

Row = Mapping[str, Any]
T = TypeVar("T")

CHUNK = 500
"""Values in one IN (…): well below what either database takes."""

NOTHING: Row = MappingProxyType({})

_LARGEST_BLOCK = 512
"""Rows in one INSERT: times the columns of any table, well below what either database takes of values."""


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that can say what to do on a conflict."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def put(connection: Connection, table: Table, rows: Sequence[Row], same: Row = NOTHING) -> None:
    """Insert rows, or overwrite the columns that they name where the primary key is there already.

    All rows must name the same columns; `same` holds further ones, which are alike in all rows.
    """
    if not rows:
        return
    names = tuple(rows[0])
    named = (*names, *same)
    same = {**same, **_defaults(table, named)}
    convert = [(place, write) for place, name in enumerate(names) if (write := _writer(connection, table, name))]
    empty = tuple(name for name, value in same.items() if value is None)
    held = {name: value for name, value in same.items() if value is not None}
    tail = tuple(write(value) if (write := _writer(connection, table, name)) else value for name, value in held.items())
    bound, width, done = (*names, *held), len(names) + len(held), 0
    for size in _blocks(len(rows)):
        values: list[Any] = []
        for row in rows[done : done + size]:
            values += row.values()
            values += tail
        for place, write in convert:
            values[place::width] = map(write, values[place::width])
        statement = _upsert(connection.dialect, table, bound, empty, named, size)
        connection.exec_driver_sql(statement, tuple(values))
        done += size


def _defaults(table: Table, named: Collection[str]) -> Row:
    """Return what a new row has in columns that are not named."""
    return {
        c.name: c.default.arg
        for c in table.c
        if isinstance(c.default, ScalarElementColumnDefault) and c.name not in named
    }


def _writer(connection: Connection, table: Table, name: str) -> Callable[[Any], Any] | None:
    """Return what makes of a column's values what the driver takes; None if it takes them as they are.

    JSON may be given as text, in bytes.
    """
    kind = table.c[name].type
    write = kind.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    if write is not None and isinstance(kind, JSON):
        return lambda value: value.decode() if isinstance(value, bytes) else write(value)
    # Many rows have the same instant, and to write one down takes longer than all the rest of its row.
    return write if write is None or not isinstance(kind, Instant) else lru_cache(maxsize=_LARGEST_BLOCK)(write)


def _blocks(rows: int) -> Iterator[int]:
    """Yield the sizes of the statements that write so many rows: few different ones, so that each is prepared once."""
    size = _LARGEST_BLOCK
    while rows:
        while size > rows:
            size //= 2
        yield size
        rows -= size


@lru_cache(maxsize=256)
def _upsert(
    dialect: Dialect, table: Table, bound: Sequence[str], empty: Sequence[str], updated: Sequence[str], rows: int
) -> str:
    """Return one INSERT of so many rows in the driver's own words; rows that are there get the `updated` columns.

    Values are given for the `bound` columns; the `empty` ones are NULL in all rows.

    The driver runs a statement of many rows as one step, in which other threads work; of a statement for each row it
    runs each as one, and between any two of them waits for its turn.
    """
    quote = dialect.identifier_preparer.quote
    key = [column.name for column in table.primary_key]
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    row = f"({', '.join([mark] * len(bound) + ['NULL'] * len(empty))})"
    updates = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in updated if name not in key)
    return (
        f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, (*bound, *empty)))}) VALUES {', '.join([row] * rows)}"  # noqa: S608 (the names are of our own tables)
        f" ON CONFLICT ({', '.join(map(quote, key))}) DO UPDATE SET {updates}"
    )


def chunks(items: Iterable[T]) -> Iterable[list[T]]:
    """Yield the items in lists short enough for one statement."""
    listed = list(items)
    for start in range(0, len(listed), CHUNK):
        yield listed[start : start + CHUNK]
