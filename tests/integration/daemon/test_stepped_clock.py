"""A clock that steps, a machine that slept, a schedule that changes at the last moment: right at once, no replay."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from dispatcher.daemon.daemon import Daemon
from dispatcher.mirror import attempts
from dispatcher.model.attempt import UNBEGUN
from dispatcher.sandbox.store import Store

from .running import DAYS, Shifted, documents, running, shortly_before_a_minute, within_a_second

HOUR = timedelta(hours=1)


async def calls_wait(daemon: Daemon, redis: Redis, phone: str) -> None:
    async def so() -> bool:
        return bool(await documents(redis, phone))

    await within_a_second(daemon, so, "no call waits")


async def all_is_closed(daemon: Daemon, redis: Redis, phone: str) -> None:
    async def so() -> bool:
        return not daemon.context.book.open and not await documents(redis, phone)

    await within_a_second(daemon, so, "calls wait, or the window is open")


async def is_dialled(daemon: Daemon, clock: Shifted) -> None:
    async def so() -> bool:
        return bool(daemon.context.book.dialing(clock.now()))

    await within_a_second(daemon, so, "nothing is dialled")


def hours(first: datetime, last: datetime) -> dict[str, dict[str, str]]:
    return {day: {"start": f"{first:%H:%M}", "end": f"{last:%H:%M}"} for day in DAYS}


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(hours=29)])
async def test_a_clock_that_is_set_forward_over_the_closing_takes_the_calls_back(
    redis_url: str, tmp_path: Path, ahead: timedelta
) -> None:
    clock, closes = shortly_before_a_minute(40)
    async with running(clock, redis_url, tmp_path, hours(closes - HOUR, closes)) as (daemon, redis, phone):
        await calls_wait(daemon, redis, phone)
        clock.shift += ahead
        await all_is_closed(daemon, redis, phone)


async def test_a_clock_that_is_set_back_before_the_opening_takes_the_calls_back(redis_url: str, tmp_path: Path) -> None:
    clock = Shifted(timedelta(0))
    opened = clock.now() - timedelta(minutes=10)
    async with running(clock, redis_url, tmp_path, hours(opened, opened + HOUR)) as (daemon, redis, phone):
        await calls_wait(daemon, redis, phone)
        clock.shift -= timedelta(minutes=30)
        await all_is_closed(daemon, redis, phone)


async def test_a_clock_that_is_set_back_within_the_window_goes_on_dialling(redis_url: str, tmp_path: Path) -> None:
    clock = Shifted(timedelta(0))
    opened = clock.now() - 4 * HOUR
    async with running(clock, redis_url, tmp_path, hours(opened, opened + 5 * HOUR)) as (daemon, redis, phone):
        await calls_wait(daemon, redis, phone)
        clock.shift -= 2 * HOUR

        async def known_anew() -> bool:
            return not daemon.context.book.conditions(clock.now())

        await within_a_second(daemon, known_anew, "what was read before the step is not read again")
        await is_dialled(daemon, clock)
        await calls_wait(daemon, redis, phone)


async def test_a_clock_that_is_set_to_shortly_before_the_opening_opens_on_time(redis_url: str, tmp_path: Path) -> None:
    clock, opens = shortly_before_a_minute(HOUR.total_seconds())
    async with running(clock, redis_url, tmp_path, hours(opens, opens + HOUR)) as (daemon, redis, phone):

        async def read() -> bool:
            return bool(daemon.context.book.plans)

        await within_a_second(daemon, read, "the platform is not read")
        clock.shift += opens - timedelta(seconds=2) - clock.now()
        while clock.now() < opens:
            assert not await documents(redis, phone)
            await asyncio.sleep(0.005)
        await calls_wait(daemon, redis, phone)


async def test_after_a_sleep_over_two_windows_only_what_is_open_now_is_dialled(redis_url: str, tmp_path: Path) -> None:
    clock = Shifted(timedelta(0))
    opened = clock.now() - timedelta(minutes=10)
    limits = {"DISPATCHER_LIMITS__PHONE_CONCURRENCY": "4"}
    async with running(clock, redis_url, tmp_path, hours(opened, opened + HOUR), settings=limits) as (
        daemon,
        redis,
        phone,
    ):
        await calls_wait(daemon, redis, phone)
        database = daemon.context.database
        before = {attempt.job for attempt in await database.read(attempts.live)}
        clock.shift += timedelta(days=2)

        async def is_new() -> bool:
            unbegun = [one for one in await database.read(attempts.live) if one.state in UNBEGUN]
            assert len(unbegun) <= 4
            # What was queued before the sleep had its window two days ago.
            return bool(unbegun) and not before & {one.job for one in unbegun}

        await is_dialled(daemon, clock)
        await within_a_second(daemon, is_new, "calls of two days ago wait, or none of today")
        await calls_wait(daemon, redis, phone)
        live = await database.read(attempts.live)
        assert all(attempt.not_after > clock.now() for attempt in live if attempt.state in UNBEGUN)


async def test_a_schedule_that_is_changed_in_the_last_second_counts(redis_url: str, tmp_path: Path) -> None:
    clock, opens = shortly_before_a_minute(3)
    store = Store()
    sync = {"DISPATCHER_SYNC__INTERVAL": "100ms"}
    schedule = hours(opens, opens + HOUR)
    async with running(clock, redis_url, tmp_path, schedule, store=store, settings=sync) as (daemon, redis, phone):
        (campaign,) = store.campaigns

        async def read() -> bool:
            return bool(daemon.context.book.plans)

        await within_a_second(daemon, read, "the platform is not read")
        await asyncio.sleep((opens - timedelta(seconds=1) - clock.now()).total_seconds())
        later = opens + timedelta(minutes=5)
        store.update_campaign(campaign, {"schedule": hours(later, later + HOUR)}, clock.now())
        while clock.now() < opens + timedelta(seconds=1):
            assert not await documents(redis, phone)
            await asyncio.sleep(0.02)
        store.update_campaign(campaign, {"schedule": schedule}, clock.now())
        await calls_wait(daemon, redis, phone)
        store.update_campaign(campaign, {"schedule": hours(later, later + HOUR)}, clock.now())
        await all_is_closed(daemon, redis, phone)
