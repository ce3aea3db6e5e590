"""What the commands look things up in: the mirror and the hopper."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from dispatcher.errors import ConfigurationError, NotFoundError
from dispatcher.hopper import connection
from dispatcher.hopper.watch import Watch
from dispatcher.mirror import schema
from dispatcher.mirror.database import Database
from dispatcher.reports.sources import Sources
from dispatcher.settings import Settings


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Open the database; NotFoundError while it holds no mirror, ConfigurationError if that is of another version."""
    database = Database(settings.database.url.get_secret_value())
    try:
        version = database.run(schema.current)
        if version is None:
            raise NotFoundError(
                f"the database {database.name} holds no mirror yet: run `dispatcher sync` or `dispatcher run`,"
                " or correct database.url"
            )
        if version != schema.LATEST:
            raise ConfigurationError(f"the database {database.name} is {schema.other(version)}")
        yield database
    finally:
        database.close()


@asynccontextmanager
async def sources(settings: Settings) -> AsyncIterator[Sources]:
    """Open what the reports look at."""
    with opened(settings) as database:
        client = connection.hopper(settings.redis.url.get_secret_value())
        try:
            yield Sources(settings, database, Watch(client, settings.redis.prefix))
        finally:
            await client.aclose()
