"""Statements on conflicts and about many values, the same way on SQLite and PostgreSQL."""

from collections.abc import Iterable
from typing import TypeVar

from sqlalchemy import JSON, Column, ColumnElement, Connection, String, Table, any_, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")

CHUNK = 500
"""Values in one IN (…): well below what either database takes."""


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that can say what to do on a conflict."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def among(column: Column[str], parameter: str, dialect: str) -> ColumnElement[bool]:
    """Tell whether a column's value is among those of a parameter: a list of any length, which SQL takes apart.

    With a parameter for each, the statement would have to be written anew for each length.
    """
    if dialect == "sqlite":
        values = func.json_each(bindparam(parameter, type_=JSON)).table_valued("value")
        return column.in_(select(values.c.value))
    return column == any_(bindparam(parameter, type_=postgresql.ARRAY(String)))


def chunks(items: Iterable[T]) -> Iterable[list[T]]:
    """Yield the items in lists short enough for one statement."""
    listed = list(items)
    for start in range(0, len(listed), CHUNK):
        yield listed[start : start + CHUNK]
