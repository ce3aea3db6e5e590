"""The databases that every integration test may start with: SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.mirror import schema
from dispatcher.mirror.database import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mirror.db'}"
    url: str = request.getfixturevalue("postgres_server").fresh()
    return url


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = Database(empty_url)
    yield database
    database.close()


@pytest.fixture
def database(empty: Database) -> Database:
    """A migrated database."""
    empty.run_write(schema.upgrade)
    return empty
