"""How many calls are released, of whom, and when none are: on both databases and a real Redis."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from random import Random

import pytest

from dispatcher.loops.breakers import Breakers
from dispatcher.loops.to_hopper.choose import choose
from dispatcher.mirror import breakers
from dispatcher.mirror.database import Database
from dispatcher.model.attempt import UNBEGUN
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.reasons import Code
from dispatcher.rules.breaker import Scope
from dispatcher.rules.orders import CALLBACK, NEW, RETRY
from dispatcher.rules.plan import make_plan
from dispatcher.settings import Settings
from tests.integration.loops.releasing import ALWAYS, Releasing, releasing
from tests.integration.mirror.things import NOON, put_order

PLAN = make_plan(
    Campaign("campaign_1", "One", "active", "outbound", "UTC", ALWAYS, "phone_1", "ava"),
    {"phone_1": Phone("phone_1", "", "+16054440129", "US", "x", "active")},
)

Start = Callable[..., AbstractAsyncContextManager[Releasing]]


@pytest.fixture
def start(database: Database, redis_url: str) -> Start:
    return partial(releasing, database, redis_url)


def codes(of: Releasing, campaign: str) -> list[Code]:
    book = of.context.book
    return [reason.code for reason in book.reasons(book.plans[campaign], of.clock.now())]


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_interleaving_exceeds_a_limit(start: Start, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 (a seed that reproduces it)
    limits = {
        "phone_concurrency": 4,
        "campaign_concurrency": 3,
        "total_concurrency": 6,
        "phone_calls_per_second": 20,
        "phone_calls_per_day": 12,
        "weights": {"a": 3},
    }
    async with start(limits=limits, breaker={"share": "none"}) as of:
        of.campaigns({"a": "phone-1", "b": "phone-1", "c": "phone-2", "d": "phone-2"})
        for name in "abcd":
            of.orders(name, 12)
        begun = Counter[str]()
        most = 0
        for _ in range(40):
            live = await of.turn(chance.choice([0.01, 0.2, 1.0]))
            most = max(most, len(live))
            assert len(live) <= 6
            assert all(calls <= 4 for calls in Counter(one.phone for one in live).values())
            assert all(calls <= 3 for calls in Counter(one.campaign for one in live).values())
            for one in chance.sample(live, chance.randint(0, len(live))):
                if one.state in UNBEGUN and await of.begin(one):
                    begun[one.phone] += 1
                if chance.random() < 0.7 and one.state not in UNBEGUN:
                    await of.end(one)
            assert all(calls <= 12 for calls in begun.values())
        assert most == 6
        assert begun == {"phone-1": 12, "phone-2": 12}


async def test_campaigns_share_a_phone_by_their_weights_and_leave_nothing_unused(start: Start) -> None:
    limits = {"phone_calls_per_second": 1, "weights": {"a": 3}}
    async with start(limits=limits) as of:
        of.campaigns({"a": "phone-1", "b": "phone-1"})
        of.orders("a", 6)
        of.orders("b", 10)
        done = Counter[str]()
        for _ in range(8):
            await of.turn(1.1)
            done += await of.call()
        assert done == {"a": 6, "b": 2}
        # It has run dry: each turn goes to the other at once.
        for _ in range(4):
            await of.turn(1.1)
            done += await of.call()
        assert done == {"a": 6, "b": 6}


async def test_phones_share_what_may_be_called_in_all(start: Start) -> None:
    async with start(limits={"total_concurrency": 1, "phone_calls_per_second": 10}) as of:
        of.campaigns({"a": "phone-1", "b": "phone-2", "c": "phone-3"})
        for name in "abc":
            of.orders(name, 5)
        done = Counter[str]()
        for _ in range(6):
            await of.turn(1.0)
            done += await of.call()
        assert done == {"a": 2, "b": 2, "c": 2}


async def test_dialers_that_come_back_do_not_begin_what_has_waited_and_as_much_again(start: Start) -> None:
    async with start(limits={"phone_calls_per_second": 0.2}) as of:
        of.campaigns({"a": "phone-1"})
        of.orders("a", 5)
        for _ in range(10):
            assert len(await of.turn(2.0)) == 1
        assert await of.call() == {"a": 1}
        # Half a second before, it was seen to wait: its token is spent from there on.
        assert await of.turn(0.5) == []
        assert await of.turn(3.0) == []
        assert len(await of.turn(3.0)) == 1


async def test_the_calls_of_a_day_roll_on(start: Start) -> None:
    async with start(limits={"phone_calls_per_second": 5, "phone_calls_per_day": 2}) as of:
        of.campaigns({"a": "phone-1"})
        of.orders("a", 6)
        for hours in (0, 6):
            assert len(await of.turn(hours * 3600)) == 1
            await of.call()
        assert await of.turn(6 * 3600) == []
        assert await of.turn(11.9 * 3600) == []
        assert len(await of.turn(0.2 * 3600)) == 1
        await of.call()
        assert await of.turn(60) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_callbacks_come_before_retries_and_those_before_new_orders(database: Database, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 (a seed that reproduces it)
    settings = Settings.model_validate({"calling_rules": {"enabled": False}})
    with database.connect(write=True) as connection:
        ranks = {}
        for place in range(30):
            ranks[f"order_{place}"] = chance.choice([CALLBACK, RETRY, NEW])
            late = NOON - timedelta(minutes=chance.randint(0, 60))
            put_order(connection, f"order_{place}", place, rank=ranks[f"order_{place}"], scheduled_at=late)
        chosen: list[int] = []
        while len(chosen) < 30:
            found, _ = choose(connection, [(PLAN, chance.randint(1, 5))], settings, NOON)
            chosen += [ranks[one.intent.order] for one in found]
        assert chosen == sorted(chosen)


@pytest.fixture
async def failing(start: Start) -> AsyncIterator[Releasing]:
    """A phone of which ten calls have just failed."""
    limits = {"phone_calls_per_second": 100, "phone_concurrency": 20}
    async with start(limits=limits, retries={"failed": "10h"}) as of:
        of.campaigns({"a": "phone-1"})
        of.orders("a", 40)
        await of.turn()
        for one in (await of.live())[:10]:
            await of.begin(one)
            await of.end(one, "failed")
        yield of


async def test_calls_that_fail_rest_their_phone_and_assistant_and_what_waits_is_taken_back(failing: Releasing) -> None:
    assert codes(failing, "a") == [Code.PHONE_FAILING, Code.ASSISTANT_FAILING]
    assert await failing.turn() == []
    assert await failing.turn(58) == []


async def test_a_phone_that_rests_is_tried_with_one_call_at_a_time_until_one_does_not_fail(failing: Releasing) -> None:
    await failing.turn()
    for pause in (61, 121):
        assert len(await failing.turn(pause)) == 1
        assert len(await failing.turn(5)) == 1
        await failing.call("failed")
        assert await failing.turn(60) == []
    assert len(await failing.turn(241)) == 1
    await failing.call("busy")
    assert codes(failing, "a") == []
    assert len(await failing.turn(1)) > 1


async def test_a_pause_outlives_the_dispatcher_and_a_good_end_too(failing: Releasing, database: Database) -> None:
    await failing.turn()
    policy = failing.context.settings.breaker.policy()

    async def again() -> Breakers:
        found = Breakers()
        now = failing.clock.now()
        await found.resume(database, policy, now - timedelta(hours=1), now)
        return found

    failing.context.book.breakers = await again()
    assert codes(failing, "a") == [Code.PHONE_FAILING, Code.ASSISTANT_FAILING]
    await failing.turn(61)
    await failing.call()
    await failing.turn()
    failing.context.book.breakers = await again()
    assert codes(failing, "a") == []
    assert {pause.times for pause in database.run_write(breakers.load).values()} == {0}


async def test_failures_that_sql_knows_and_no_pause_was_written_for_begin_one_at_the_next_start(
    failing: Releasing, database: Database
) -> None:
    """The dispatcher was killed after it had applied the outcomes."""
    found, now = Breakers(), failing.clock.now()
    await found.resume(database, failing.context.settings.breaker.policy(), now - timedelta(hours=1), now)
    assert len(found.reasons(failing.context.book.plans["a"], now)) == 2
    assert set(database.run_write(breakers.load)) == {(Scope.PHONE, "phone-1"), (Scope.ASSISTANT, "ava")}


async def test_nobody_rests_where_that_is_switched_off(failing: Releasing, database: Database) -> None:
    off = Settings.model_validate({"breaker": {"share": "none"}}).breaker
    failing.context.settings = failing.context.settings.model_copy(update={"breaker": off})
    assert len(await failing.turn()) > 1
    assert database.run_write(breakers.load) == {}
