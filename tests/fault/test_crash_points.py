"""Killed with -9 between any two steps: every point is visited in turn, whatever luck would have found."""

import signal

import pytest

from tests.fault.crashing import Fate
from tests.fault.world import World
from tests.waiting import eventually

_STEPS_OF_A_WORKER = 8
_ONE_BY_ONE = 30
_EACH_LIFE = 3  # orders


@pytest.mark.timeout(300)  # dozens of lives, each of about a second
async def test_a_dispatcher_killed_after_any_of_its_steps_doubles_and_loses_nothing(world: World) -> None:
    """Life N ends after its N-th write, and the next takes up what it left, until a life does all its work."""
    world.worker(at_once=4, says_begun=True, outcomes={"completed": 0.7, "no-answer": 0.3})
    dies_at = 1
    while True:
        world.orders(_EACH_LIFE)
        daemon = world.daemon(Fate(dies_at=dies_at))
        await eventually(lambda: not (daemon.alive and world.unsettled()), 30, f"life {dies_at}")  # noqa: B023
        if daemon.alive:
            break
        assert await daemon.ended() == -signal.SIGKILL, world.said()
        world.facts.kills += 1
        # One by one through the start and the first calls; then the same steps come again and again.
        dies_at += max(1, (dies_at - _ONE_BY_ONE) // 3)
    assert world.facts.kills >= _ONE_BY_ONE
    await world.settled()
    found = await world.honest()
    assert found.uncertain == 0


async def test_a_worker_killed_after_any_of_its_steps_leaves_at_most_its_one_call_uncertain(world: World) -> None:
    world.daemon()
    for step in range(1, _STEPS_OF_A_WORKER + 1):
        world.orders(2)
        mortal = world.worker(dies_at=step, says_begun=step % 2 == 0)
        assert await mortal.ended() == -signal.SIGKILL
        mortal.dead()
    world.worker()
    await world.settled()
    found = await world.honest()
    assert 0 < found.uncertain <= _STEPS_OF_A_WORKER
