"""A worker that is told to stop, and a Redis that is away."""

import asyncio

import pytest
import structlog.testing

from dispatcher.errors import PermanentError
from dispatcher.worker import Worker
from tests.integration.worker.hopper import Hopper, until, working
from tests.integration.worker.recorder import Dialer
from tests.servers import Redis


async def test_a_stop_while_redis_is_away_ends_in_bounded_time_and_says_what_was_not_delivered(
    own_redis: Redis,
) -> None:
    hopper = Hopper(own_redis.url)
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    dialer = Dialer(waits=True)
    worker = Worker(own_redis.url, stop_timeout_s=0.3)
    with structlog.testing.capture_logs() as logs:
        async with working(worker, dialer) as running:
            await until(lambda: dialer.begun)
            own_redis.kill()
            dialer.gate.set()
            await until(lambda: any(line["event"] == "report failed" for line in logs))
            worker.stop()
            await asyncio.wait_for(running, 60)
    assert "outcome undelivered" in [line["event"] for line in logs]
    await hopper.redis.aclose()


async def test_a_stop_lets_running_calls_end_and_claims_no_more(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    dialer = Dialer(waits=True)
    worker = Worker(redis_url, concurrency=1)
    async with working(worker, dialer) as running:
        await until(lambda: dialer.begun)
        await hopper.queue("job-2")
        worker.stop()
        dialer.gate.set()
        await asyncio.wait_for(running, 60)
    assert [(fields["job"], fields["outcome"]) for fields in await hopper.outcomes()] == [("job-1", "completed")]
    assert dialer.begun == ["job-1"]
    assert await hopper.has_document("job-2")


async def test_a_call_that_outlasts_the_stop_is_cancelled_and_not_reported(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    entry = await hopper.queue("job-1")
    dialer = Dialer(waits=True)
    worker = Worker(redis_url, stop_timeout_s=0.1)
    async with working(worker, dialer) as running:
        await until(lambda: dialer.begun)
        worker.stop()
        await asyncio.wait_for(running, 60)
    assert dialer.at_once == 0
    assert await hopper.outcomes() == []
    assert [pending["message_id"] for pending in await hopper.pending()] == [entry]


async def test_an_outcome_is_delivered_once_redis_is_back(own_redis: Redis) -> None:
    hopper = Hopper(own_redis.url)
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    dialer = Dialer(waits=True)
    async with working(Worker(own_redis.url), dialer):
        await until(lambda: dialer.begun)
        own_redis.kill()
        dialer.gate.set()
        await until(lambda: dialer.at_once == 0)
        own_redis.start()
        await until(hopper.outcomes)
    assert [(fields["job"], fields["outcome"]) for fields in await hopper.outcomes()] == [("job-1", "completed")]
    await hopper.redis.aclose()


async def test_a_worker_waits_for_a_redis_that_is_not_there_yet(own_redis: Redis) -> None:
    own_redis.kill()
    hopper = Hopper(own_redis.url)
    dialer = Dialer()
    with structlog.testing.capture_logs() as logs:
        async with working(Worker(own_redis.url), dialer):
            await until(lambda: any(line["event"] == "redis failed" for line in logs))
            own_redis.start()
            await hopper.open("phone-1")
            await hopper.queue("job-1")
            await until(hopper.outcomes)
    assert dialer.begun == ["job-1"]
    await hopper.redis.aclose()


async def test_a_refused_login_ends_the_worker_with_one_sentence(own_redis: Redis) -> None:
    hopper = Hopper(own_redis.url)
    await hopper.redis.config_set("requirepass", "secret")
    with pytest.raises(PermanentError, match="check the user and the password"):
        await asyncio.wait_for(Worker(own_redis.url).run(Dialer()), 60)
    await hopper.redis.aclose()
