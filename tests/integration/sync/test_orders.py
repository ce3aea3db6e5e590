from datetime import timedelta
from typing import Any

import pytest

from dispatcher.api.client import PAGE_SIZE
from dispatcher.loops.from_platform import sweep
from dispatcher.loops.from_platform.sweep import LONG
from dispatcher.mirror import changes, orders, record
from dispatcher.model.order import OrderRecord
from tests.integration.sync.conftest import Mirror
from tests.integration.sync.platform import campaign


async def with_orders(mirror: Mirror, number: int, uuid: str = "c", **fields: Any) -> None:
    """Add an open campaign with so many planned orders, and mirror the campaign."""
    mirror.platform.put(campaign(uuid, **fields))
    for place in range(number):
        mirror.platform.order(uuid, f"o{place}")
    await mirror.sync.run_pass()


async def turns(mirror: Mirror) -> int:
    """Let the loop have turns until nothing more is to be read now; return how many."""
    number = 1
    while await mirror.orders.run_once() == 0.0:
        number += 1
    return number


async def waiting(mirror: Mirror, uuid: str = "c") -> set[str]:
    """Return the orders of a campaign that may be dialled now."""
    now = mirror.clock.now()
    since = mirror.context.book.seen_since(uuid, now)
    found = await mirror.context.database.read(orders.waiting, uuid, now, 100_000, seen_since=since)
    return {one.order.uuid for one in found}


async def known(mirror: Mirror, uuid: str) -> OrderRecord:
    return (await mirror.context.database.read(orders.known, [uuid]))[uuid]


def asked(mirror: Mirror) -> list[str]:
    found = [request for request in mirror.platform.requests if "/orders?" in request]
    mirror.platform.requests.clear()
    return found


async def test_a_short_list_is_read_whole_each_time(mirror: Mirror) -> None:
    await with_orders(mirror, PAGE_SIZE + 1)
    for _ in range(2):
        await turns(mirror)
        assert [request.rpartition("?")[2] for request in asked(mirror)] == ["page=1&limit=100", "page=2&limit=100"]
        mirror.clock.forward(minutes=1)
    assert len(await waiting(mirror)) == PAGE_SIZE + 1


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> int:
    """Slices of so many orders."""
    monkeypatch.setattr(sweep, "PAGES_AT_ONCE", 12)
    return 12 * PAGE_SIZE


async def test_a_long_list_is_dialled_before_its_last_page_has_come(mirror: Mirror, few_at_once: int) -> None:
    number = few_at_once + 150
    await with_orders(mirror, number)
    assert await mirror.orders.run_once() == 0.0
    plan = mirror.context.book.plans["c"]
    assert mirror.context.book.reasons(plan, mirror.clock.now()) == []
    assert 0 < len(await waiting(mirror)) <= few_at_once
    await turns(mirror)
    assert len(await waiting(mirror)) == number


async def test_a_long_list_does_not_keep_a_short_one_waiting(mirror: Mirror, few_at_once: int) -> None:
    await with_orders(mirror, few_at_once + 1, "a-long-one")
    await with_orders(mirror, 1, "b")
    assert await mirror.orders.run_once() == 0.0
    assert "b" in mirror.context.book.orders_synced_at
    assert "a-long-one" not in mirror.context.book.orders_synced_at


async def test_between_whole_readings_a_long_list_is_read_by_status(mirror: Mirror) -> None:
    await with_orders(mirror, LONG + 50)
    for place in range(LONG, LONG + 50):
        mirror.platform.order("c", f"o{place}", "contacted")
    await turns(mirror)
    asked(mirror)
    mirror.clock.forward(minutes=1)
    mirror.platform.order("c", "o3", "canceled")
    mirror.platform.order("c", "o4", "busy")
    mirror.platform.order("c", "o999")

    await turns(mirror)

    requests = asked(mirror)
    assert all("status=" in request for request in requests)
    assert await waiting(mirror) == {f"o{place}" for place in range(LONG)} - {"o3"} | {"o999"}
    gone = await known(mirror, "o3")
    assert not gone.listed
    assert not gone.removed

    mirror.clock.forward(minutes=5)
    await turns(mirror)
    assert not any("status=" in request for request in asked(mirror))
    assert (await known(mirror, "o3")).order.status == "canceled"


async def test_what_a_long_list_comes_to_lack_is_let_go(mirror: Mirror) -> None:
    await with_orders(mirror, LONG + 50)
    await turns(mirror)
    del mirror.platform.orders["c"]["o3"]

    mirror.clock.forward(minutes=1)
    await turns(mirror)
    unlisted = await known(mirror, "o3")
    assert (unlisted.listed, unlisted.removed) == (False, False)

    mirror.clock.forward(hours=1)
    await turns(mirror)
    assert (await known(mirror, "o3")).removed
    assert await waiting(mirror) == {f"o{place}" for place in range(LONG + 50)} - {"o3"}


@pytest.mark.parametrize("attribute", ["ignores_status", "refuses_status"])
async def test_a_platform_without_lists_by_status_is_read_whole(mirror: Mirror, attribute: str) -> None:
    await with_orders(mirror, LONG + 50)
    await turns(mirror)
    setattr(mirror.platform, attribute, True)
    mirror.platform.order("c", "o3", "canceled")
    mirror.clock.forward(minutes=1)
    await turns(mirror)
    assert "o3" not in await waiting(mirror)
    assert len(await waiting(mirror)) == LONG + 49
    asked(mirror)
    mirror.clock.forward(minutes=1)
    await turns(mirror)
    assert not any("status=" in request for request in asked(mirror))


async def test_of_a_list_that_never_stands_still_each_order_that_was_seen_is_dialled(mirror: Mirror) -> None:
    await with_orders(mirror, LONG + 200)
    await turns(mirror)
    mirror.clock.forward(minutes=6)
    mirror.platform.faults, mirror.platform.often = ("lies_about_total",), 1.0
    await turns(mirror)
    mirror.clock.forward(minutes=5)
    # The last whole reading is too old by now; that each order was seen since, is not.
    assert len(await waiting(mirror)) == LONG + 200
    mirror.clock.forward(minutes=6)
    assert await waiting(mirror) == set()


async def test_an_order_that_the_platform_has_no_more_is_not_dialled(mirror: Mirror) -> None:
    await with_orders(mirror, 20)
    await turns(mirror)
    del mirror.platform.orders["c"]["o7"]
    mirror.clock.forward(minutes=1)
    await turns(mirror)
    assert await waiting(mirror) == {f"o{place}" for place in range(20)} - {"o7"}
    mirror.platform.order("c", "o7")
    mirror.clock.forward(minutes=1)
    await turns(mirror)
    assert "o7" in await waiting(mirror)


async def test_the_log_has_what_became_of_orders_and_nobodys_number(mirror: Mirror) -> None:
    await with_orders(mirror, 2)
    await turns(mirror)
    mirror.platform.order("c", "o1", "contacted")
    mirror.clock.forward(minutes=1)
    await turns(mirror)
    [newest, *_] = await mirror.context.database.read(record.passes, 5, kind="orders")
    [change] = (await mirror.context.database.read(changes.of_passes, [newest.id]))[newest.id]
    assert (change.uuid, change.before, change.after) == ("o1", {"status": "planned"}, {"status": "contacted"})
    assert "1212" not in str(change)


async def test_another_order_of_fields_is_no_change_of_an_order(mirror: Mirror) -> None:
    await with_orders(mirror, 2)
    await turns(mirror)
    orders = mirror.platform.orders["c"]
    orders["o1"] = dict(reversed(orders["o1"].items()))
    mirror.clock.forward(minutes=1)
    await turns(mirror)
    [newest, *_] = await mirror.context.database.read(record.passes, 5, kind="orders")
    assert (newest.counts["changed"], newest.counts["unchanged"]) == (0, 2)
    assert await mirror.context.database.read(changes.of_passes, [newest.id]) == {}


async def test_one_campaign_that_fails_does_not_keep_the_others_from_being_read(mirror: Mirror) -> None:
    await with_orders(mirror, 3, "a")
    await with_orders(mirror, 3, "b")
    mirror.platform.orders["a"] = {"o1": {"uuid": "o1"}}  # a document without a status counts, and is refused
    await turns(mirror)
    assert await waiting(mirror, "b") == {"o0", "o1", "o2"}
    assert mirror.clock.now() - mirror.context.book.orders_synced_at["b"] < timedelta(minutes=1)


async def test_a_campaign_whose_orders_were_too_old_is_looked_at_again_when_they_have_been_read(mirror: Mirror) -> None:
    await with_orders(mirror, 3)
    await mirror.orders.run_pass()
    book, now = mirror.context.book, mirror.clock.now()
    book.advance(now)
    assert [plan.campaign.uuid for plan in book.dialing(now)] == ["c"]
    # As the dispatcher notes it that finds none of the orders to have been listed of late.
    book.empty("c", now + timedelta(minutes=1), book.mark("c"))
    assert book.dialing(now) == []
    await mirror.orders.run_pass()
    assert [plan.campaign.uuid for plan in book.dialing(now)] == ["c"]
