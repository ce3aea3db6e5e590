"""A newer tz database is taken into use while the daemon runs, and nothing else of its state is lost."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dispatcher.clock import Clock
from dispatcher.loops.upkeep.timezones import TimeZones
from dispatcher.rules import zones

from .running import DAYS, documents, running, within_a_second


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A system's copy that is not there yet; it will be newer, and have London where Honolulu is."""
    directory = tmp_path / "zoneinfo"
    monkeypatch.setenv("PYTHONTZPATH", str(directory))
    yield directory
    monkeypatch.undo()
    zones.use_newest()


def install(directory: Path) -> None:
    (directory / "Europe").mkdir(parents=True)
    honolulu = files("tzdata").joinpath("zoneinfo", "Pacific", "Honolulu").read_bytes()
    (directory / "Europe" / "London").write_bytes(honolulu)
    (directory / "tzdata.zi").write_text("# version 2099a\n")


async def test_a_newer_copy_is_taken_into_use_on_a_reload(redis_url: str, tmp_path: Path, newer: Path) -> None:
    clock = Clock()
    opened = clock.now().astimezone(zones.zone("Europe/London")) - timedelta(hours=1)
    schedule = {day: {"start": f"{opened:%H:00}", "end": f"{opened + timedelta(hours=3):%H:00}"} for day in DAYS}
    async with running(clock, redis_url, tmp_path, schedule, timezone="Europe/London") as (daemon, redis, phone):
        while not await documents(redis, phone):
            await asyncio.sleep(0.01)
        book = daemon.context.book
        synced_at, orders_synced_at = book.synced_at, dict(book.orders_synced_at)
        (uuid,) = book.plans
        install(newer)
        with capture_logs() as logs:
            daemon.reload(daemon.settings)

            async def closed() -> bool:
                return not book.open and not await documents(redis, phone)

            await within_a_second(daemon, closed, "calls wait by the older copy")
        (said,) = [log for log in logs if log["event"] == "another tz database is in use"]
        assert (said["tzdata"], said["tzdata_origin"]) == ("2099a", "system")
        assert list(book.plans) == [uuid]
        assert book.synced_at is not None
        assert synced_at is not None
        assert book.synced_at >= synced_at
        assert book.orders_synced_at.keys() == orders_synced_at.keys()


async def test_a_newer_copy_is_looked_for_every_day(redis_url: str, tmp_path: Path, newer: Path) -> None:
    async with running(Clock(), redis_url, tmp_path, {"mon": {"start": "09:00", "end": "17:00"}}) as (daemon, _, _):
        turns = TimeZones(daemon.context)
        with capture_logs() as logs:
            assert await turns.run_once() == 24 * 60 * 60
            assert zones.source().origin == "package"
            install(newer)
            assert await turns.run_once() == 24 * 60 * 60
            assert await turns.run_once() == 24 * 60 * 60
        assert zones.source() == zones.Source("2099a", "system")
        assert [log["before"] for log in logs if log["event"] == "another tz database is in use"] != []
        assert len([log for log in logs if log["event"] == "another tz database is in use"]) == 1
