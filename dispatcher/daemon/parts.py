"""Putting the parts together that the loops work with."""

from collections.abc import Callable
from contextlib import AsyncExitStack

from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.hopper import connection
from dispatcher.hopper.outcomes import Outcomes
from dispatcher.hopper.queue import Queue
from dispatcher.hopper.watch import Watch
from dispatcher.loops.book import Book
from dispatcher.loops.context import Context
from dispatcher.mirror import schema
from dispatcher.mirror.database import Database
from dispatcher.rules.last_call import guard
from dispatcher.settings import Settings

_BLOCK_S = 1.0


async def opened(settings: Settings, stack: AsyncExitStack) -> Database:
    """Open the database at the schema that this dispatcher needs; the stack closes it."""
    database = Database(settings.database.url.get_secret_value())
    stack.callback(database.close)
    await database.write(schema.upgrade)
    return database


def assembled(
    settings: Settings,
    clock: Clock,
    database: Database,
    platform: Platform,
    stack: AsyncExitStack,
    *,
    epoch: int,
    nudge: Callable[[str], None],
) -> Context:
    """Return the context of the loops; the stack closes what it opens. Redis is not asked for anything yet."""
    stack.push_async_callback(platform.close)
    redis_url, prefix = settings.redis.url.get_secret_value(), settings.redis.prefix
    writer, reader = connection.clients(redis_url, _BLOCK_S)
    stack.push_async_callback(writer.aclose)
    stack.push_async_callback(reader.aclose)
    return Context(
        settings=settings,
        clock=clock,
        database=database,
        platform=platform,
        queue=Queue(writer, prefix, epoch),
        watch=Watch(writer, prefix),
        outcomes=Outcomes(writer, reader, prefix),
        book=Book(settings.sync.max_staleness, guard(settings.schedule.last_call_before_close, ())),
        epoch=epoch,
        nudge=nudge,
    )
