from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.mirror import schema
from dispatcher.mirror.database import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty database."""
    url = (
        f"sqlite:///{tmp_path / 'mirror.db'}"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres_server").fresh()
    )
    database = Database(url)
    database.run_write(schema.upgrade)
    yield database
    database.close()
