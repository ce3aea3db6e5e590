"""Two ways to be connected to Redis, and the sentences for what goes wrong there.

redis-py repeats a command by itself when a connection breaks, ten times by default. A repeated GETDEL would hide that
the first one ran, so neither client here repeats anything: what may be repeated is decided by the caller.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError, RedisError

from dispatcher.clock import Clock
from dispatcher.errors import ConfigurationError, PermanentError, TransientError
from dispatcher.hopper.address import several
from dispatcher.hopper.layout import LookUp
from dispatcher.hopper.servers import Hopper, Servers

WRITE_TIMEOUT_S = 5.0
"""How long one answer to a command that does not block may take."""

LATE_S = 1.0
"""How much later than the others one of several servers may answer before it is left aside."""

_MOST_CONNECTIONS = 32
"""Many calls share a few connections: each needs one for milliseconds at its beginning and its end."""


def clients(url: str, block_s: float, concurrency: int, name: str) -> tuple[Hopper, Hopper]:
    """Return a blocking reader and a writer, for one server or for all that Sentinel or a cluster puts in charge."""
    address = several(url)
    if address is None:
        return blocking_reader(url, block_s, name), writer(url, concurrency, name)
    look_up = LookUp(address, lambda member: _client(ConnectionPool, member, name, timeout_s=LATE_S), Clock())
    return (
        Servers(look_up, lambda server: blocking_reader(server, block_s, name)),
        Servers(look_up, lambda server: writer(server, concurrency, name)),
    )


def blocking_reader(url: str, block_s: float, name: str) -> Redis:
    """Return a client for reads that block for up to `block_s`; its answers may take that much longer."""
    return _client(ConnectionPool, url, name, timeout_s=block_s + WRITE_TIMEOUT_S)


def writer(url: str, concurrency: int, name: str) -> Redis:
    """Return a client for commands that answer at once, shared by `concurrency` calls."""
    return _client(
        BlockingConnectionPool,
        url,
        name,
        timeout_s=WRITE_TIMEOUT_S,
        max_connections=min(concurrency, _MOST_CONNECTIONS),
        timeout=WRITE_TIMEOUT_S,
    )


def _client(kind: type[ConnectionPool], url: str, name: str, *, timeout_s: float, **pool_options: float) -> Redis:
    try:
        pool = kind.from_url(url, **pool_options)
    except ValueError as error:
        raise ConfigurationError(
            f"The address of Redis is not understood ({error}): "
            "write redis://host:port/db, rediss://host:port/db, unix:///path?db=0, "
            "redis+sentinel://host:port,host:port/service/db or redis+cluster://host:port,host:port."
        ) from error
    # Set after the address was read, because options in the address would win over arguments: a short socket_timeout
    # there would make the reader lose calls that it has claimed.
    pool.connection_kwargs.update(
        socket_timeout=timeout_s,
        socket_connect_timeout=min(timeout_s, WRITE_TIMEOUT_S),
        retry=Retry(NoBackoff(), 0),
        retry_on_timeout=False,
        retry_on_error=[],
        protocol=2,
        decode_responses=True,
        encoding_errors="replace",
        client_name=name,
    )
    return Redis.from_pool(pool)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn redis-py's errors into ours: PermanentError when Redis refuses the login, else TransientError."""
    try:
        yield
    except (AuthenticationError, AuthorizationError, NoPermissionError) as error:
        raise PermanentError(
            f"Redis refuses this worker while {doing} ({error}): check the user and the password in its address."
        ) from error
    except (RedisError, OSError) as error:
        raise TransientError(f"Redis failed while {doing} ({type(error).__name__}: {error}).") from error


def delays(first_s: float = 0.1, longest_s: float = 5.0) -> Iterator[float]:
    """Yield seconds to wait before each next try, without end, growing and with full jitter.

    The jitter keeps many workers from coming back at the same moment after Redis was away.
    """
    ceiling = first_s
    while True:
        yield random.uniform(0, ceiling)  # noqa: S311 - no secret hangs on it
        ceiling = min(longest_s, ceiling * 2)
