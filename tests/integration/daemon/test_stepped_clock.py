"""A clock that steps, a machine that slept, a schedule that changes at the last moment: right at once, no replay."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from redis.asyncio import Redis

from dispatcher.mirror import attempts
from dispatcher.model.attempt import UNBEGUN
from dispatcher.sandbox.store import Store

from .running import DAYS, Shifted, documents, running, shortly_before_a_minute

MOST = timedelta(seconds=3)
"""A second for the heartbeat that notices the step, one for a turn, and one for a busy machine."""

HOUR = timedelta(hours=1)


async def within(most: timedelta, so: Callable[[], bool], what: str) -> None:
    since = datetime.now(UTC)
    while not so():
        assert datetime.now(UTC) - since < most, what
        await asyncio.sleep(0.01)


async def calls_wait(redis: Redis, phone: str, most: timedelta) -> None:
    since = datetime.now(UTC)
    while not await documents(redis, phone):
        assert datetime.now(UTC) - since < most, "no call waits"
        await asyncio.sleep(0.01)


def hours(first: datetime, last: datetime) -> dict[str, dict[str, str]]:
    return {day: {"start": f"{first:%H:%M}", "end": f"{last:%H:%M}"} for day in DAYS}


async def test_a_clock_that_is_set_forward_over_the_closing_takes_the_calls_back(
    redis_url: str, tmp_path: Path
) -> None:
    clock, closes = shortly_before_a_minute(40)
    before = closes - timedelta(hours=1)
    schedule = {day: {"start": f"{before:%H:%M}", "end": f"{closes:%H:%M}"} for day in DAYS}
    async with running(clock, redis_url, tmp_path, schedule) as (daemon, redis, phone):
        while not await documents(redis, phone):
            await asyncio.sleep(0.01)
        clock.shift += timedelta(minutes=5)
        stepped = datetime.now(UTC)
        while await documents(redis, phone) or daemon.context.book.open:
            assert datetime.now(UTC) - stepped < timedelta(seconds=3)
            await asyncio.sleep(0.01)


async def test_a_clock_that_is_set_back_before_the_opening_takes_the_calls_back(redis_url: str, tmp_path: Path) -> None:
    clock = Shifted(timedelta(0))
    opened = clock.now() - timedelta(minutes=10)
    async with running(clock, redis_url, tmp_path, hours(opened, opened + HOUR)) as (daemon, redis, phone):
        await calls_wait(redis, phone, timedelta(seconds=10))
        clock.shift -= timedelta(minutes=30)
        stepped = datetime.now(UTC)
        while await documents(redis, phone) or daemon.context.book.open:
            assert datetime.now(UTC) - stepped < MOST
            await asyncio.sleep(0.01)


async def test_a_clock_that_is_set_back_within_the_window_goes_on_dialling(redis_url: str, tmp_path: Path) -> None:
    clock = Shifted(timedelta(0))
    opened = clock.now() - 4 * HOUR
    async with running(clock, redis_url, tmp_path, hours(opened, opened + 5 * HOUR)) as (daemon, redis, phone):
        await calls_wait(redis, phone, timedelta(seconds=10))
        book = daemon.context.book
        clock.shift -= 2 * HOUR
        await within(MOST, lambda: not book.conditions(clock.now()), "what was read before the step is not read again")
        await within(MOST, lambda: bool(book.dialing(clock.now())), "nothing is dialled after the step")
        await calls_wait(redis, phone, MOST)


async def test_after_a_sleep_over_two_windows_only_what_is_open_now_is_dialled(redis_url: str, tmp_path: Path) -> None:
    clock = Shifted(timedelta(0))
    opened = clock.now() - timedelta(minutes=10)
    limits = {"DISPATCHER_LIMITS__PHONE_CONCURRENCY": "4"}
    async with running(clock, redis_url, tmp_path, hours(opened, opened + HOUR), settings=limits) as (
        daemon,
        redis,
        phone,
    ):
        await calls_wait(redis, phone, timedelta(seconds=10))
        database, book = daemon.context.database, daemon.context.book
        before = {attempt.job for attempt in await database.read(attempts.live)}
        clock.shift += timedelta(days=2)
        await within(MOST, lambda: bool(book.dialing(clock.now())), "nothing is dialled after the sleep")
        await calls_wait(redis, phone, MOST)
        live = await database.read(attempts.live)
        assert len(live) <= 4
        # What was queued before the sleep had its window two days ago.
        assert not before & {attempt.job for attempt in live if attempt.state in UNBEGUN}
        assert all(attempt.not_after > clock.now() for attempt in live if attempt.state in UNBEGUN)


async def test_after_a_sleep_into_closed_hours_nothing_is_dialled(redis_url: str, tmp_path: Path) -> None:
    clock = Shifted(timedelta(0))
    opened = clock.now() - timedelta(minutes=10)
    async with running(clock, redis_url, tmp_path, hours(opened, opened + HOUR)) as (daemon, redis, phone):
        await calls_wait(redis, phone, timedelta(seconds=10))
        clock.shift += timedelta(hours=29)
        stepped = datetime.now(UTC)
        while await documents(redis, phone) or daemon.context.book.open:
            assert datetime.now(UTC) - stepped < MOST
            await asyncio.sleep(0.01)


async def test_a_schedule_that_is_changed_in_the_last_second_counts(redis_url: str, tmp_path: Path) -> None:
    clock, opens = shortly_before_a_minute(3)
    store = Store()
    sync = {"DISPATCHER_SYNC__INTERVAL": "100ms"}
    schedule = hours(opens, opens + HOUR)
    async with running(clock, redis_url, tmp_path, schedule, store=store, settings=sync) as (daemon, redis, phone):
        (campaign,) = store.campaigns
        await within(timedelta(seconds=2), lambda: bool(daemon.context.book.plans), "the platform is not read")
        await asyncio.sleep((opens - timedelta(seconds=1) - clock.now()).total_seconds())
        later = opens + timedelta(minutes=5)
        store.update_campaign(campaign, {"schedule": hours(later, later + HOUR)}, clock.now())
        while clock.now() < opens + timedelta(seconds=1):
            assert not await documents(redis, phone)
            await asyncio.sleep(0.02)
        store.update_campaign(campaign, {"schedule": schedule}, clock.now())
        await calls_wait(redis, phone, timedelta(seconds=1))
        store.update_campaign(campaign, {"schedule": hours(later, later + HOUR)}, clock.now())
        changed = datetime.now(UTC)
        while await documents(redis, phone):
            assert datetime.now(UTC) - changed < timedelta(seconds=1)
            await asyncio.sleep(0.01)
