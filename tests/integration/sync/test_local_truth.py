"""What was finished here and the platform has not caught up with, and what a user of the platform plans anew."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dispatcher.loops.from_platform.sweep import LONG
from dispatcher.mirror import attempts, orders
from dispatcher.mirror.attempts import Intent
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import State
from tests.integration.sync.conftest import Mirror, mirroring
from tests.integration.sync.platform import Platform, campaign

PASSES = 8
"""Passes, a minute apart."""


@pytest.fixture(params=["sqlite", "postgresql"])
async def mirror(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mirror]:
    """A mirror, on either database, of a campaign with the planned orders o1 and o2, of which o1 was called."""
    url = request.getfixturevalue("postgres_server").fresh() if request.param == "postgresql" else None
    platform = Platform()
    platform.put(campaign("c"))
    platform.order("c", "o1")
    platform.order("c", "o2")
    async with mirroring(platform, tmp_path, url) as made:
        await passes(made)
        await made.context.database.write(call, made, "o1")
        yield made


def call(connection: Connection, mirror: Mirror, order: str) -> None:
    """Let an order have been called, and finished by that."""
    [record] = [one for one in orders.waiting(connection, "c", mirror.clock.now(), 9) if one.order.uuid == order]
    intent = Intent("job", order, "c", "p1", record.e164 or "", 1, "basis", mirror.clock.now(), {})
    assert attempts.intend(connection, [intent], mirror.clock.now()) == {"job"}
    assert attempts.move(connection, "job", State.FINISHED, outcome="completed", ended_at=mirror.clock.now())
    orders.spend(connection, order, "job", closed_as="completed", retry_at=None, at=mirror.clock.now())


async def passes(mirror: Mirror, number: int = 1) -> None:
    for _ in range(number):
        mirror.clock.forward(minutes=1)
        await mirror.sync.run_pass()
        while await mirror.orders.run_once() == 0.0:
            pass


async def waiting(mirror: Mirror) -> set[str]:
    found = await mirror.context.database.read(orders.waiting, "c", mirror.clock.now(), 9)
    return {one.order.uuid for one in found}


async def test_what_was_finished_here_is_not_called_again_while_the_platform_says_planned(mirror: Mirror) -> None:
    for place in range(PASSES):
        # The page is written anew, as it is by a platform that changes something else about the order.
        mirror.platform.order("c", "o1", instructions=f"version {place}")
        await passes(mirror)
        assert await waiting(mirror) == {"o2"}


async def test_an_order_that_the_platform_lost_for_a_while_stays_finished(mirror: Mirror) -> None:
    lost = mirror.platform.orders["c"].pop("o1")
    await passes(mirror)
    mirror.platform.orders["c"]["o1"] = lost
    await passes(mirror)
    assert await waiting(mirror) == {"o2"}


@pytest.mark.parametrize("left", ["contacted", "canceled"])
async def test_a_user_who_plans_an_order_anew_opens_it_again(mirror: Mirror, left: str) -> None:
    mirror.platform.order("c", "o1", left)
    await passes(mirror, 2)
    assert await waiting(mirror) == {"o2"}
    mirror.platform.order("c", "o1")
    await passes(mirror)
    assert await waiting(mirror) == {"o1", "o2"}
    # Once: it is finished again by its next call, whatever the platform shows.
    at = mirror.clock.now()
    await mirror.context.database.write(orders.spend, "o1", "job", closed_as="completed", retry_at=None, at=at)
    await passes(mirror, PASSES)
    assert await waiting(mirror) == {"o2"}


async def test_a_call_that_the_platform_saw_under_way_is_no_plan_of_a_users(mirror: Mirror) -> None:
    for status in ("calling", "no-answer", "planned", "some word of next year", "planned"):
        mirror.platform.order("c", "o1", status)
        await passes(mirror)
    assert await waiting(mirror) == {"o2"}


async def test_another_time_for_an_order_opens_it_again_at_that_time(mirror: Mirror) -> None:
    mirror.platform.order("c", "o1", scheduledTime="2026-03-02T09:00:00Z")
    await passes(mirror)
    assert await waiting(mirror) == {"o2"}, "a time before it was finished is no plan to call again"
    mirror.platform.order("c", "o1", scheduledTime="2026-03-02T11:00:00Z")
    await passes(mirror)
    assert await waiting(mirror) == {"o2"}
    mirror.clock.forward(hours=1)
    assert await waiting(mirror) == {"o1", "o2"}


async def test_an_order_of_a_long_list_that_is_planned_anew_between_whole_readings_opens_again(mirror: Mirror) -> None:
    for place in range(LONG):
        mirror.platform.order("c", f"o{10 + place}", "canceled")
    mirror.clock.forward(minutes=10)
    await passes(mirror)
    mirror.platform.requests.clear()
    # The platform saw our own call, late: no plan of a user's.
    mirror.platform.order("c", "o1", "calling")
    await passes(mirror)
    mirror.platform.order("c", "o1")
    await passes(mirror)
    assert await waiting(mirror) == {"o2"}

    mirror.platform.order("c", "o1", "contacted")
    await passes(mirror)
    mirror.platform.order("c", "o1")
    await passes(mirror)

    assert await waiting(mirror) == {"o1", "o2"}
    asked = [request for request in mirror.platform.requests if "/orders?" in request]
    assert all("status=" in request for request in asked)
