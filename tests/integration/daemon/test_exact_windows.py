"""Openings and closings are exact: nothing waits for a poll, and nothing outlives its window."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from dispatcher.clock import Clock
from dispatcher.model.reasons import Code
from dispatcher.rules.last_call import ASSUMED
from dispatcher.settings.rules import Schedule

from .running import DAYS, POLL_S, documents, running, shortly_before_a_minute, within_a_second


async def test_the_first_call_is_ready_the_moment_the_window_opens(redis_url: str, tmp_path: Path) -> None:
    clock, opens = shortly_before_a_minute(3)
    schedule = {day: {"start": f"{opens:%H:%M}", "end": "24:00"} for day in DAYS}
    async with running(clock, redis_url, tmp_path, schedule) as (_, redis, phone):
        while not await documents(redis, phone):
            assert clock.now() - opens < timedelta(seconds=1), "no call within a second of the opening"
            await asyncio.sleep(0.005)
        assert timedelta(0) <= clock.now() - opens < timedelta(seconds=0.5)


async def test_calls_do_not_all_start_with_the_opening_but_grow_to_the_limit(redis_url: str, tmp_path: Path) -> None:
    clock, opens = shortly_before_a_minute(2)
    schedule = {day: {"start": f"{opens:%H:%M}", "end": "24:00"} for day in DAYS}
    limits = {"DISPATCHER_LIMITS__PHONE_CONCURRENCY": "50", "DISPATCHER_SCHEDULE__OPENING_RAMP": "20s"}
    async with running(clock, redis_url, tmp_path, schedule, settings=limits) as (_, redis, phone):
        while (waiting := await documents(redis, phone)) < 10:
            passed = (clock.now() - opens).total_seconds()
            # By then 100 calls a second, growing over 20 s, add up to 100 t²/40; a second more for turns and the start.
            assert waiting <= 2.5 * max(0.0, passed + 1) ** 2 + 2
            assert passed < 8, "the rate does not grow"
            await asyncio.sleep(0.02)
        assert clock.now() - opens > timedelta(seconds=1.2)


async def test_no_call_waits_in_the_guarded_time_before_the_window_closes(redis_url: str, tmp_path: Path) -> None:
    clock, closes = shortly_before_a_minute(34)
    before = closes - timedelta(hours=1)
    schedule = {day: {"start": f"{before:%H:%M}", "end": f"{closes:%H:%M}"} for day in DAYS}
    guard = timedelta(seconds=30)
    settings = {"DISPATCHER_SCHEDULE__LAST_CALL_BEFORE_CLOSE": "30s"}
    async with running(clock, redis_url, tmp_path, schedule, settings=settings) as (_, redis, phone):
        while not await documents(redis, phone):
            assert clock.now() < closes - guard, "no call before the guarded time"
            await asyncio.sleep(0.01)
        seen = clock.now()
        while await documents(redis, phone):
            seen = clock.now()
            assert seen < closes - guard + timedelta(seconds=1)
            await asyncio.sleep(0.002)
        assert closes - guard - timedelta(milliseconds=100) <= seen <= closes - guard + timedelta(milliseconds=20)
        # Nothing is queued anew, for more than a turn.
        until = clock.now() + timedelta(seconds=1.5)
        while clock.now() < until:
            assert not await documents(redis, phone)
            await asyncio.sleep(0.05)


async def test_new_settings_close_a_campaign_for_a_day_and_open_it_again(redis_url: str, tmp_path: Path) -> None:
    clock = Clock()
    always = {day: {"start": "00:00", "end": "24:00"} for day in DAYS}
    async with running(clock, redis_url, tmp_path, always) as (daemon, redis, phone):

        async def queued() -> bool:
            return bool(await documents(redis, phone))

        async def empty() -> bool:
            return not await queued()

        while not await queued():
            await asyncio.sleep(POLL_S)
        (campaign,) = daemon.context.book.plans
        days = [clock.now().date() + timedelta(days=day) for day in (0, 1)]
        before = daemon.settings
        dark = Schedule(blackout_dates={campaign: tuple(days)})
        daemon.reload(before.model_copy(update={"schedule": dark}))
        await within_a_second(daemon, empty, "calls are not taken back on a blackout date")
        assert daemon.context.book.next_change() == datetime.combine(days[-1], time(), UTC) + timedelta(days=1)
        daemon.reload(before)
        await within_a_second(daemon, queued, "no call after the blackout date is gone")


async def test_the_guard_of_a_campaign_of_few_calls_is_the_assumed_one(redis_url: str, tmp_path: Path) -> None:
    clock, closes = shortly_before_a_minute(30)
    before = closes - timedelta(hours=1)
    schedule = {day: {"start": f"{before:%H:%M}", "end": f"{closes:%H:%M}"} for day in DAYS}
    settings = {"DISPATCHER_SCHEDULE__LAST_CALL_BEFORE_CLOSE": "p95"}
    async with running(clock, redis_url, tmp_path, schedule, settings=settings) as (daemon, redis, phone):

        async def queued() -> bool:
            return bool(await documents(redis, phone))

        while not daemon.context.book.guards:
            await asyncio.sleep(POLL_S)
        ((campaign, guard),) = daemon.context.book.guards.items()
        assert guard.length == ASSUMED
        (reason,) = daemon.context.book.reasons(daemon.context.book.plans[campaign], clock.now())
        assert reason.code is Code.WINDOW_CLOSED
        assert not await queued()
        daemon.reload(daemon.settings.model_copy(update={"schedule": Schedule()}))
        await within_a_second(daemon, queued, "no call after the guard is gone")


async def test_no_document_outlives_the_window_even_if_nobody_takes_it_back(redis_url: str, tmp_path: Path) -> None:
    clock, closes = shortly_before_a_minute(4)
    before = closes - timedelta(hours=1)
    # An hour before, on the clock: at midnight that window runs into the next day, as it should.
    schedule = {day: {"start": f"{before:%H:%M}", "end": f"{closes:%H:%M}"} for day in DAYS}
    async with running(clock, redis_url, tmp_path, schedule) as (daemon, redis, phone):
        while not await documents(redis, phone):
            assert clock.now() < closes, "no call before the window closes"
            await asyncio.sleep(0.01)
        # Nothing but the documents' own lifetimes is left to end them.
        await daemon.triggers.stop()
        seen = clock.now()
        while await documents(redis, phone):
            seen = clock.now()
            assert seen < closes + timedelta(seconds=1)
            await asyncio.sleep(0.002)
        assert seen <= closes + timedelta(milliseconds=20)


async def test_a_dead_dispatchers_calls_expire_within_the_lease(redis_url: str, tmp_path: Path) -> None:
    schedule = {day: {"start": "00:00", "end": "24:00"} for day in DAYS}
    lease = timedelta(seconds=2)
    async with running(Clock(), redis_url, tmp_path, schedule, settings={"DISPATCHER_HOPPER__LEASE": "2s"}) as (
        daemon,
        redis,
        phone,
    ):
        while not await documents(redis, phone):
            await asyncio.sleep(0.01)
        await asyncio.sleep(lease.total_seconds() * 1.5)
        assert await documents(redis, phone), "a living dispatcher renews"
        await daemon.triggers.stop()
        died = datetime.now(UTC)
        while await documents(redis, phone):
            assert datetime.now(UTC) - died < lease + timedelta(seconds=0.2)
            await asyncio.sleep(0.01)
