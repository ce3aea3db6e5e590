"""What a daemon knows at once: its mirror and its brakes after a restart, and a brake from when it is put on."""

from datetime import timedelta
from pathlib import Path

import pytest

from dispatcher.daemon.daemon import Daemon
from dispatcher.model.brakes import Scope
from dispatcher.settings import Settings
from tests.waiting import eventually

from .running import DAYS, Shifted, documents, running

ALWAYS = {day: {"start": "00:00", "end": "24:00"} for day in DAYS}


def without_platform(settings: Settings, **sync: timedelta) -> Settings:
    """The same settings with a platform that does not answer."""
    api = settings.api.model_copy(update={"base_url": "http://127.0.0.1:9"})
    return settings.model_copy(update={"api": api, "sync": settings.sync.model_copy(update=sync)})


async def started_again(daemon: Daemon, clock: Shifted, settings: Settings) -> Daemon:
    await daemon.stop()
    again = Daemon(settings, clock, pytest.fail)
    await again.start()
    return again


async def test_a_restart_within_an_interval_dials_by_the_mirror_at_once(redis_url: str, tmp_path: Path) -> None:
    clock = Shifted(timedelta(0))
    async with running(clock, redis_url, tmp_path, ALWAYS) as (daemon, redis, phone):
        await eventually(lambda: documents(redis, phone), 30, "a call")
        again = await started_again(daemon, clock, without_platform(daemon.settings))
        try:
            await eventually(lambda: documents(redis, phone), 30, "a call after the restart")
        finally:
            await again.stop()


async def test_after_a_longer_while_the_platform_is_asked_first(redis_url: str, tmp_path: Path) -> None:
    clock = Shifted(timedelta(0))
    async with running(clock, redis_url, tmp_path, ALWAYS) as (daemon, redis, phone):
        await eventually(lambda: documents(redis, phone), 30, "a call")
        clock.shift += timedelta(minutes=1)
        again = await started_again(daemon, clock, without_platform(daemon.settings))
        try:
            assert not again.context.book.plans
        finally:
            await again.stop()


@pytest.mark.parametrize("scope", [Scope.ALL, Scope.CAMPAIGN, Scope.PHONE])
async def test_brakes_bind_before_the_first_turn_after_a_restart(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scope: Scope
) -> None:
    clock = Shifted(timedelta(0))
    async with running(clock, redis_url, tmp_path, ALWAYS) as (daemon, redis, phone):
        await eventually(lambda: documents(redis, phone), 30, "a call")
        await daemon.pause(scope, target(daemon, scope), "the restart")
        monkeypatch.setattr("dispatcher.daemon.triggers.Triggers.start", no_turns)
        again = await started_again(daemon, clock, daemon.settings)
        try:
            assert again.context.book.open
            assert again.context.book.dialing(clock.now()) == []
        finally:
            await again.stop()


@pytest.mark.parametrize("scope", [Scope.ALL, Scope.CAMPAIGN, Scope.PHONE])
async def test_a_brake_binds_from_when_it_is_put_on_whatever_else_there_is_to_do(
    redis_url: str, tmp_path: Path, scope: Scope
) -> None:
    clock = Shifted(timedelta(0))
    async with running(clock, redis_url, tmp_path, ALWAYS) as (daemon, redis, phone):
        await eventually(lambda: documents(redis, phone), 30, "a call")
        await daemon.triggers.stop()
        book = daemon.context.book
        book.stir()
        assert book.dialing(clock.now())
        await daemon.pause(scope, target(daemon, scope), "no loop has a turn any more")
        assert book.dialing(clock.now()) == []


def no_turns(*_: object) -> None:
    """Start no loop."""


def target(daemon: Daemon, scope: Scope) -> str | None:
    [plan] = daemon.context.book.plans.values()
    return {Scope.ALL: None, Scope.CAMPAIGN: plan.campaign.uuid, Scope.PHONE: plan.campaign.phone}[scope]
