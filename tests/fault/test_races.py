"""What comes at the same moment, twice, too late or never should have come."""

import asyncio
import time
from typing import Any

import redis
from sqlalchemy import select

from dispatcher.clock import Clock
from dispatcher.mirror.tables import attempts
from tests.fault.history import Pause
from tests.fault.world import CALL_S, CONCURRENCY, World, row_of
from tests.waiting import eventually

OUTCOMES = "dispatcher:{p0}:outcomes"


async def test_after_a_pause_is_known_nothing_begins_however_many_workers_claim(world: World) -> None:
    daemon = world.daemon()
    for _ in range(2):
        world.worker(at_once=CONCURRENCY, call_s=(0.0, 0.02))
    world.orders(400)
    for _ in range(3):
        before = world.begun()
        await eventually(lambda: world.begun() > before + 4, 30, "calls")  # noqa: B023
        await eventually(lambda: daemon.post("/api/campaigns/c0/pause", {"reason": "a race"}), 10, "the pause")
        known_at = time.monotonic()
        await asyncio.sleep(1.5)  # the promise is about this time
        world.facts.pauses.append(Pause("c0", known_at, 1.0, time.monotonic()))
        assert await daemon.post("/api/campaigns/c0/resume")
    world.store.update_campaign("c0", {"status": "paused"}, Clock().now())
    assert await daemon.post("/api/sync")
    world.facts.pauses.append(Pause("c0", time.monotonic(), 1.0))
    await eventually(lambda: not _live(world), 20, "the last calls to end")
    assert (await world.honest()).uncertain == 0


async def test_a_campaign_that_is_deleted_while_it_is_called_keeps_the_outcomes(world: World) -> None:
    daemon = world.daemon()
    # Enough of them that one that goes is no reason to doubt the platform.
    world.campaign("gone")
    world.worker(at_once=CONCURRENCY, call_s=(0.3, 0.6))
    world.orders(CONCURRENCY, "gone")
    await eventually(lambda: world.begun() >= CONCURRENCY, 20, "every call to be begun")
    world.store.delete_campaign("gone")
    assert await daemon.post("/api/sync")
    await eventually(lambda: not _live(world), 20, "the calls to end")
    found = await world.honest()
    assert (found.finished, found.uncertain) == (CONCURRENCY, 0)


async def test_calls_that_end_just_when_they_are_given_up_are_finished_all_the_same(world: World) -> None:
    """A report that comes after its call became uncertain still settles it."""
    world.daemon()
    world.worker(at_once=CONCURRENCY, call_s=(CALL_S - 0.5, CALL_S + 1.5))
    world.orders(3 * CONCURRENCY)
    await world.settled()
    await eventually(lambda: not world.states().get("uncertain"), 20, "the late reports to settle what was in doubt")
    found = await world.honest()
    assert (found.finished, found.uncertain) == (3 * CONCURRENCY, 0)


async def test_reports_that_are_repeated_contradict_or_make_no_sense_change_nothing(world: World) -> None:
    """Nonsense stands between honest reports; of two outcomes the first counts."""
    world.daemon()
    orders = world.orders(20)
    world.worker(at_once=2, call_s=(0.02, 0.1), repeats=0.5, says_begun=True)
    with redis.Redis(port=world.redis.port, protocol=2) as client:
        for turn in range(10):
            before = world.begun()
            await eventually(lambda: world.begun() > before, 20, "calls")  # noqa: B023
            for fields in _nonsense(world, turn):
                client.xadd(OUTCOMES, fields)
    await world.settled()
    found = await world.honest()
    assert (found.finished, found.uncertain) == (20, 0)
    assert {row_of(world, order)["attempts"] for order in orders} == {1}


def _nonsense(world: World, turn: int) -> list[Any]:
    finished = select(attempts.c.job, attempts.c.entry).where(attempts.c.state == "finished").limit(3)
    known = world.database.run(lambda connection: connection.execute(finished).all())
    repeated = [
        {"job": job, "entry": entry or "", "outcome": word} for job, entry in known for word in ("busy", "gone")
    ]
    return [
        *repeated,
        {"job": f"nobody-{turn}", "outcome": "completed"},
        {"outcome": "completed"},
        {"job": ""},
        {b"\xff\xfe": b"\xff", b"job": b"\x00\xff", b"outcome": b"\xc3\x28"},
        {"job": "x" * 100_000, "outcome": "y" * 100_000, "detail": "z" * 100_000},
    ]


async def test_a_word_that_nobody_knows_counts_as_a_failed_call(world: World) -> None:
    world.more["DISPATCHER_RETRIES__MAX_ATTEMPTS"] = "1"
    world.daemon()
    orders = world.orders(3)
    world.worker(at_once=2, outcomes={"fell-into-the-sea": 1.0})
    await world.settled()
    assert (await world.honest()).finished == 3
    assert {row_of(world, order)["closed_as"] for order in orders} == {"exhausted"}


async def test_a_poisoned_entry_stops_neither_the_kit_nor_the_calls_behind_it(world: World) -> None:
    world.daemon()
    world.orders(2)
    await eventually(lambda: world.states().get("queued"), 20, "a queue")
    with redis.Redis(port=world.redis.port, protocol=2) as client:
        client.xadd("dispatcher:{p0}:calls", {"what": "is this"})
        client.xadd("dispatcher:{p0}:calls", {"job": "none", "not_after": "soon"})
        client.xadd("dispatcher:{p0}:calls", {"job": "poisoned", "not_after": "1"})
        client.set("dispatcher:{p0}:call:poisoned", b"\x80 no JSON", px=60_000)
    world.worker(kit=True, at_once=2)
    world.orders(10)
    await world.settled()
    assert world.begun() == 12


def _live(world: World) -> bool:
    return bool(world.states().keys() & {"intent", "queued", "dialing"})
