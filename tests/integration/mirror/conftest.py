from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from sqlalchemy import Connection

from dispatcher.mirror import schema
from dispatcher.mirror.database import Database
from tests.servers import Postgres


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A migrated database in which nothing is ever committed: to make one takes PostgreSQL half a second."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('mirror') / 'mirror.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        url = server.fresh()
    database = Database(url)
    database.run_write(schema.upgrade)
    yield database
    database.close()


@pytest.fixture
def connection(shared: Database) -> Iterator[Connection]:
    """A transaction that is rolled back at the end."""
    with suppress(_RolledBackError), shared.connect(write=True) as connection:
        yield connection
        raise _RolledBackError


class _RolledBackError(Exception):
    pass


@pytest.fixture
def postgres(postgres_server: Postgres) -> Iterator[Callable[[], Database]]:
    """Makes databases of one PostgreSQL database, each with connections of its own."""
    url = postgres_server.fresh()
    made: list[Database] = []

    def make() -> Database:
        made.append(Database(url))
        return made[-1]

    make().run_write(schema.upgrade)
    yield make
    for database in made:
        database.close()
