"""Writing many rows at once, the same way on SQLite and PostgreSQL."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Connection, Dialect, Table
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from dispatcher.mirror.types import Instant

Row = Mapping[str, Any]
Columns = Mapping[str, Sequence[Any]]

_LARGEST_BLOCK = 512
"""Rows in one INSERT: times the columns of any table, well below what either database takes of values."""

_MANY = 64
"""Fewer rows are not worth a statement of their own, by what they have in common: each takes memory."""


def put(connection: Connection, table: Table, columns: Columns, same: Row) -> None:
    """Insert rows, or overwrite the named columns where the primary key is there already.

    `columns` holds the values of each column, row by row; `same` further columns, which are alike in all rows.
    """
    rows = min(map(len, columns.values()))
    named = (*columns, *same)
    shared = {**same, **_defaults(table, named)}
    if rows >= _MANY:
        # Of thousands of orders most columns are alike; to hand a value over takes the driver as long as to store it.
        shared |= {name: held[0] for name, held in columns.items() if _are_alike(table, name, held)}
    own = [name for name in columns if name not in shared]
    values: list[Any] = [None] * (rows * len(own))
    for place, name in enumerate(own):
        values[place :: len(own)] = _written(connection, table, name, columns[name])
    alike = [value for name, held in shared.items() for value in _written(connection, table, name, (held,))]
    done, width = 0, len(own)
    for size in _blocks(rows):
        statement = _upsert(connection.dialect, table, tuple(own), tuple(shared), named, size)
        given = (*values[done : done + width], *alike, *values[done + width : done + size * width])
        connection.exec_driver_sql(statement, given if _is_sqlite(connection.dialect) else _numbered(given))
        done += size * width


def _defaults(table: Table, named: Collection[str]) -> Row:
    """Return what a new row has in columns that are not named."""
    return {
        c.name: c.default.arg
        for c in table.c
        if isinstance(c.default, ScalarElementColumnDefault) and c.name not in named
    }


def _are_alike(table: Table, name: str, values: Sequence[Any]) -> bool:
    if isinstance(table.c[name].type, JSON):
        return False  # to Python, 1 and true are equal
    return bool(values[0] == values[-1]) and values.count(values[0]) == len(values)


def _written(connection: Connection, table: Table, name: str, values: Sequence[Any]) -> Iterable[Any]:
    """Return what the driver takes for a column's values. JSON may be given as text, in bytes."""
    kind = table.c[name].type
    write = kind.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    if write is None:
        return values
    if isinstance(kind, JSON):
        return _texts(values, write)
    # Many rows have the same instant, and to write one down takes longer than all the rest of its row.
    return map(lru_cache(maxsize=_LARGEST_BLOCK)(write) if isinstance(kind, Instant) else write, values)


def _texts(values: Sequence[Any], write: Callable[[Any], Any]) -> Iterator[Any]:
    """Yield JSON as text; of what many rows share it is made once."""
    made: dict[int, Any] = {}
    for value in values:
        if isinstance(value, bytes):
            yield value.decode()
        else:
            if id(value) not in made:
                made[id(value)] = write(value)
            yield made[id(value)]


def _blocks(rows: int) -> Iterator[int]:
    """Yield the sizes of the statements that write so many rows: few different ones, so that each is prepared once."""
    size = _LARGEST_BLOCK
    while rows:
        while size > rows:
            size //= 2
        yield size
        rows -= size


@lru_cache(maxsize=64)
def _upsert(
    dialect: Dialect, table: Table, own: Sequence[str], shared: Sequence[str], updated: Sequence[str], rows: int
) -> str:
    """Return one INSERT of so many rows in the driver's own words; rows that are there get the `updated` columns.

    Its values are those of the `own` columns of the first row, one for each of the `shared`, which all rows have, and
    those of the `own` columns of the other rows.

    The driver runs a statement of many rows as one step, in which other threads work; of a statement for each row it
    runs each as one, and between any two of them waits for its turn.
    """
    quote = dialect.identifier_preparer.quote
    key = [column.name for column in table.primary_key]
    # SQLite numbers by itself what bears no number, and keeps a list of what does, which it reads from end to end.
    mark, numbered = ("?", "?{}") if _is_sqlite(dialect) else ("%({})s", "%({})s")
    width = len(own) + len(shared)
    alike = [numbered.format(number) for number in range(len(own) + 1, width + 1)]
    starts = [1, *range(width + 1, width + 1 + (rows - 1) * len(own), len(own))]
    lines = (", ".join([*(mark.format(start + place) for place in range(len(own))), *alike]) for start in starts)
    updates = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in updated if name not in key)
    return (
        f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, (*own, *shared)))})"  # noqa: S608 (the names are of our own tables)
        f" VALUES {', '.join(f'({line})' for line in lines)}"
        f" ON CONFLICT ({', '.join(map(quote, key))}) DO UPDATE SET {updates}"
    )


def _is_sqlite(dialect: Dialect) -> bool:
    return dialect.name == "sqlite"


def _numbered(values: Sequence[Any]) -> Row:
    return {str(number): value for number, value in enumerate(values, start=1)}
