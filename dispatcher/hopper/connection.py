"""Connections to Redis, and its errors as ours. This is where `redis` is imported for the dispatcher's side."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from dispatcher.clock import Clock
from dispatcher.errors import ConfigurationError, TransientError
from dispatcher.hopper.address import several
from dispatcher.hopper.layout import LookUp
from dispatcher.hopper.servers import Hopper, Servers

_ANSWER_TIMEOUT_S = 5.0
_LOOK_UP_TIMEOUT_S = 1.0
"""Whoever is asked where the servers are must answer at once, or another one is asked."""


def hopper(url: str) -> Hopper:
    """Return a writer for one server, or for all that Sentinel or a cluster puts in charge."""
    return clients(url, 0.0)[0]


def clients(url: str, block_s: float) -> tuple[Hopper, Hopper]:
    """Return a writer, and a reader that blocks for up to so many seconds, in the same way."""
    address = several(url)
    if address is None:
        return writer(url), reader(url, block_s)
    look_up = LookUp(address, partial(_client, answer_timeout_s=_LOOK_UP_TIMEOUT_S), Clock())
    return Servers(look_up, writer), Servers(look_up, partial(reader, block_s=block_s))


def writer(url: str) -> Redis:
    """Return a client for commands and scripts on one server.

    It never repeats a command by itself: what was sent may have run although the reply was lost, and only the caller
    knows whether running it twice is harmless.
    """
    return _client(url, answer_timeout_s=_ANSWER_TIMEOUT_S)


def reader(url: str, block_s: float) -> Redis:
    """Return a client for reads that block for up to so many seconds; its patience is longer than that."""
    return _client(url, answer_timeout_s=block_s + _ANSWER_TIMEOUT_S)


def _client(url: str, answer_timeout_s: float) -> Redis:
    try:
        return Redis.from_url(
            url,
            protocol=3,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=min(answer_timeout_s, _ANSWER_TIMEOUT_S),
            socket_timeout=answer_timeout_s,
            health_check_interval=0,
            decode_responses=True,
            # A worker's text in another encoding must not keep everybody's reports from being read.
            encoding_errors="replace",
        )
    except ValueError as fault:
        raise ConfigurationError(f"redis.url is no Redis address: {fault}") from fault


def _why(fault: Exception) -> str:
    """Return what a fault of a connection says: the library gives the system's words by their number, or twice."""
    found = re.fullmatch(r"Error (-?\d+) connecting to (\S+)\. (.*?)\.?", str(fault), re.DOTALL)
    if found is None:
        return str(fault).rstrip(".") or type(fault).__name__
    number, where, said = int(found[1]), found[2], found[3]
    return f"no connection to {where} ({os.strerror(number) if number > 0 else said})"


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the library into TransientError, with a sentence that says what is the matter."""
    try:
        yield
    except (exceptions.AuthenticationError, exceptions.NoPermissionError) as fault:
        raise TransientError(f"Redis refuses this user ({fault}): set the right password in redis.url") from fault
    except exceptions.ReadOnlyError as fault:
        raise TransientError("Redis is a read-only replica: point redis.url at the primary") from fault
    except exceptions.OutOfMemoryError as fault:
        raise TransientError("Redis is out of memory: raise maxmemory, nothing can be queued until then") from fault
    except (exceptions.MovedError, exceptions.AskError, exceptions.TryAgainError) as fault:
        raise TransientError(
            f"Redis Cluster has these keys elsewhere ({fault}): they are looked for again, if redis.url begins with"
            " redis+cluster://"
        ) from fault
    except exceptions.ClusterDownError as fault:
        raise TransientError(
            f"Redis Cluster is down ({fault}): bring its nodes back, and set cluster-require-full-coverage no so that"
            " the others go on meanwhile"
        ) from fault
    except (exceptions.ConnectionError, exceptions.TimeoutError) as fault:
        raise TransientError(f"Redis does not answer: {_why(fault)}; start it, or correct redis.url") from fault
    except exceptions.RedisError as fault:
        raise TransientError(f"Redis refuses a command: {fault}") from fault
