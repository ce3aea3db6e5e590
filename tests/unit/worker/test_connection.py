from itertools import islice

import pytest

from dispatcher.errors import ConfigurationError
from dispatcher.worker import Worker
from dispatcher.worker.claims import new_consumer
from dispatcher.worker.connection import blocking_reader, delays


@pytest.mark.parametrize("url", ["", "localhost:6379", "http://localhost", "redis://localhost:six"])
def test_an_address_that_is_none_of_redis_is_a_fault(url: str) -> None:
    with pytest.raises(ConfigurationError, match="The address of Redis is not understood"):
        Worker(url)


def test_a_worker_needs_a_place_for_a_call() -> None:
    with pytest.raises(ConfigurationError, match="concurrency is 0"):
        Worker("redis://localhost", concurrency=0)


def test_no_option_of_the_address_makes_the_reader_less_patient_than_its_block() -> None:
    reader = blocking_reader("redis://localhost/0?socket_timeout=0.1&protocol=3", 1.0, "name")
    kept = reader.connection_pool.connection_kwargs
    assert kept["socket_timeout"] > 1.0
    assert kept["protocol"] == 2


def test_delays_grow_to_their_ceiling_and_no_further() -> None:
    seen = [list(islice(delays(1.0, 4.0), 8)) for _ in range(200)]
    ceilings = [max(column) for column in zip(*seen, strict=True)]
    assert ceilings[0] <= 1.0 < ceilings[1] <= 2.0 < ceilings[2] <= 4.0
    assert max(ceilings) <= 4.0


def test_a_consumer_name_is_never_used_twice() -> None:
    assert len({new_consumer() for _ in range(100)}) == 100
