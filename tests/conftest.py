"""Fixtures that every kind of test shares: real servers, started once for each worker of the suite."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.servers import Postgres, Redis

# Whether a change may land must not depend on luck: each run tries the same examples, and no machine is too slow for
# them. `pytest --hypothesis-profile=searching` looks for new ones, and takes a `--hypothesis-seed`.
settings.register_profile("searching", deadline=None)
settings.load_profile("ci")

# What a shell starts in the background ignores Ctrl-C, and so would every command that is tried here.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """The URL of an empty database."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    """A server that one test may stop, suspend and kill."""
    server = Redis(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()
