"""Clocks that are stepped or wrong: no call begins outside its time by the clock on the wall, and dialling goes on."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.fault.crashing import Fate, Stepped
from tests.fault.world import CONCURRENCY, World, a_world
from tests.servers import Redis
from tests.waiting import eventually

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize("seconds", [HOUR, -HOUR, DAY, -DAY])
async def test_a_dispatcher_whose_clock_is_stepped_goes_on_when_it_is_right_again(world: World, seconds: int) -> None:
    clock = world.folder / "clock"
    world.daemon(Fate(clock=clock))
    world.worker(at_once=CONCURRENCY, call_s=(0.02, 0.1))
    world.orders(10)
    await eventually(lambda: world.begun() > 4, 30, "calls")
    clock.write_text(str(seconds))
    await eventually(lambda: _says(world, "clock"), 20, "the step to be noticed")
    world.orders(10)
    clock.write_text("0")
    await world.settled()
    assert (await world.honest()).uncertain == 0


async def test_no_document_outlives_a_lease_although_the_clock_was_stepped_ahead(world: World) -> None:
    """What is queued between a step and its being noticed must not live by the wrong clock once its keeper is dead."""
    clock = world.folder / "clock"
    daemon = world.daemon(Fate(clock=clock))
    world.orders(CONCURRENCY * 2)
    await eventually(lambda: world.states().get("queued"), 20, "calls that wait")
    clock.write_text(str(HOUR))
    await eventually(lambda: _says(world, "clock"), 20, "the step to be noticed")
    daemon.kill()
    clock.write_text("0")
    await eventually(lambda: not _documents(world), 10, "every document to expire with the lease")


async def test_a_redis_whose_clock_differs_gives_no_document_out_of_time(tmp_path: Path, own_redis: Redis) -> None:
    """Everybody's clock but Redis's is off by up to half a minute, such that a window closes by it in a moment."""
    clock = tmp_path / "clock"
    shift = max(-29.0, (38.0 - time.time() % 60 + 30.0) % 60.0 - 30.0)
    clock.write_text(str(shift))
    async with a_world(tmp_path, own_redis, clock=Stepped(clock)) as world:
        now = Stepped(clock).now()
        closes = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        after = closes - timedelta(minutes=2), closes
        window: dict[str, list[dict[str, str]]] = {f"{at:%a}".lower(): [] for at in after}
        window[f"{after[0]:%a}".lower()] = [
            {"start": f"{after[0]:%H:%M}", "end": f"{closes:%H:%M}".replace("00:00", "24:00")}
        ]
        world.facts.shut = lambda campaign, at_ms: (
            campaign == "closing" and at_ms / 1000 + shift > closes.timestamp()  # as the workers' clocks would say
        )
        world.campaign("closing", schedule=window)
        world.orders(2000, "closing")
        world.daemon(Fate(clock=clock))
        world.worker(at_once=CONCURRENCY, call_s=(0.0, 0.05))
        await eventually(lambda: world.begun() > 3, 30, "calls")
        await eventually(lambda: Stepped(clock).now() > closes, 70, "the window to close")
        await eventually(lambda: not _documents(world), 10, "nothing that could be begun")
        found = await world.verdict()
        assert found.begun > 3
        assert [fault for fault in found.late if "window" in fault] == []
        assert found.duplicates == []


def _documents(world: World) -> int:
    with redis.Redis(port=world.redis.port, protocol=3) as client:
        return sum(1 for _ in client.scan_iter("dispatcher:*:call:*", count=1000))


def _says(world: World, word: str) -> bool:
    return any(word in line for line in world.said())


async def test_a_call_that_was_noted_as_begun_by_a_clock_ahead_is_not_held_until_then(world: World) -> None:
    clock = world.folder / "clock"
    world.daemon(Fate(clock=clock))
    world.orders(1)
    await eventually(lambda: _documents(world), 20, "a call")
    with redis.Redis(port=world.redis.port, protocol=2, decode_responses=True) as client:
        found: Any = client.xreadgroup("dialers", "dying", {"dispatcher:{p0}:calls": ">"})
        [[_, [[entry, fields]]]] = found
        assert client.getdel(f"dispatcher:{{p0}}:call:{fields['job']}")
        clock.write_text(str(HOUR))
        told = {"job": fields["job"], "entry": entry, "outcome": "begun"}
        client.xadd("dispatcher:{p0}:outcomes", told)
    await eventually(lambda: world.states().get("dialing"), 20, "the begun call to be noted")
    clock.write_text("0")
    world.facts.crashes += 1
    await eventually(lambda: world.states().get("uncertain"), 30, "the silent call to be held as uncertain")


async def test_an_intent_that_never_reached_redis_is_freed_although_the_clock_was_stepped_ahead(world: World) -> None:
    """By the stepped clock it is older than what Redis remembers; by Redis's own it is not, and nothing is in doubt."""
    clock = world.folder / "clock"
    world.daemon(Fate(clock=clock))
    world.worker()
    world.orders(1)
    await world.settled()
    with redis.Redis(port=world.redis.port, protocol=2) as client:
        client.config_set("maxmemory", "1")
        world.orders(2)
        await eventually(lambda: world.states().get("intent"), 20, "intents that cannot be queued")
        clock.write_text(str(DAY))
        await eventually(lambda: not world.states().get("intent"), 20, "the intents to be taken back")
        clock.write_text("0")
        client.config_set("maxmemory", "0")
    await world.settled()
    found = await world.honest()
    assert (found.finished, found.uncertain) == (3, 0)


async def test_a_clock_that_jumps_about_while_calls_are_placed_doubles_nothing(world: World) -> None:
    clock = world.folder / "clock"
    world.daemon(Fate(clock=clock))
    world.worker(at_once=CONCURRENCY, call_s=(0.02, 0.1))
    for seconds in (5, -5, 3600, 0, -3600, 0, 25, -25, 0):
        world.orders(4)
        clock.write_text(str(seconds))
        before = world.begun()
        if abs(seconds) < 30:
            await eventually(lambda: world.begun() > before, 40, f"calls at {seconds} s")  # noqa: B023
        else:
            await eventually(lambda: _says(world, "stepped"), 20, "the step to be noticed")
    await world.settled()
    await world.honest()
