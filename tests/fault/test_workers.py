"""A worker is killed, or stands still past every time-out and goes on, between any two of its steps."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fault.world import World, a_world
from tests.servers import Redis
from tests.waiting import eventually

_STEPS = {True: 8, False: 7}
"""Of the worker kit, and of the raw worker: what they do for one call, and the first of the next call.

The kit claims, takes, begins to dial, says so, shows a sign of life, ends the call and reports it. The raw worker
claims, takes, begins to dial, says so, ends the call, reports it and notes that it has.
"""

_HABITS: dict[str, Any] = {"call_s": (0.3, 0.35), "heartbeat_s": 0.2, "says_begun": True}


@pytest.fixture
async def roomy(tmp_path: Path, own_redis: Redis) -> AsyncIterator[World]:
    """A world in which calls that stand still leave room for others."""
    async with a_world(tmp_path, own_redis, concurrency=40) as made:
        yield made


async def test_a_worker_of_the_kit_that_is_killed_after_any_of_its_steps_leaves_its_one_call_uncertain_at_most(
    roomy: World,
) -> None:
    roomy.daemon()
    roomy.orders(12)
    mortals = [roomy.worker(kit=True, dies_at=step, **_HABITS) for step in range(1, _STEPS[True] + 1)]
    for mortal in mortals:
        assert await mortal.ended() == -signal.SIGKILL
        mortal.dead()
    roomy.worker()
    await roomy.settled()
    found = await roomy.honest()
    # Who has only claimed has begun nothing, and who has reported has told all. On a busy host more signs of life come.
    assert _STEPS[True] - 3 <= found.uncertain < _STEPS[True]


@pytest.mark.parametrize("kit", [True, False], ids=["kit", "raw"])
async def test_a_worker_that_stands_still_after_any_of_its_steps_and_goes_on_calls_nobody_again(
    roomy: World, kit: bool
) -> None:
    """All that they held has been given up, and called again where that is safe, by the time that they go on."""
    roomy.daemon()
    roomy.orders(12)
    still = [roomy.worker(kit=kit, stops_at=step, **_HABITS) for step in range(1, _STEPS[kit] + 1)]
    await eventually(lambda: all(one.stopped for one in still), 30, "every worker to stand still")
    roomy.worker()
    await roomy.settled()
    assert roomy.states().get("uncertain", 0) >= len(still) - 4
    for one in still:
        one.send(signal.SIGCONT)
    await eventually(lambda: not roomy.states().get("uncertain"), 30, "those that go on to tell what became of it")
    await roomy.settled()
    found = await roomy.honest()
    assert (found.finished, found.uncertain) == (12, 0)
