"""What lies at the edge of a list: filters that are refused, things that are listed twice, or where they should not."""

from datetime import timedelta
from pathlib import Path

import pytest

from dispatcher.api.client import PAGE_SIZE
from dispatcher.errors import PermanentError
from dispatcher.loops.from_platform.sync import Sync
from dispatcher.mirror import orders
from dispatcher.model.order import OrderRecord
from dispatcher.model.reasons import Code
from tests.integration.sync.conftest import Mirror, mirroring
from tests.integration.sync.platform import Platform, campaign


async def order(mirror: Mirror, uuid: str) -> OrderRecord:
    return (await mirror.context.database.read(orders.known, [uuid]))[uuid]


async def passes(mirror: Mirror, number: int = 1) -> None:
    for _ in range(number):
        mirror.clock.forward(minutes=1)
        await mirror.sync.run_pass()
        await mirror.orders.run_pass()


async def test_a_platform_without_a_list_of_active_campaigns_is_read_whole(mirror: Mirror) -> None:
    mirror.platform.put(*(campaign(f"c{place:03d}") for place in range(PAGE_SIZE + 50)))
    await mirror.sync.run_pass()
    mirror.platform.refuses_status = True
    mirror.platform.put(campaign("c000", status="paused"))
    await mirror.sync.run_pass()
    assert (await mirror.campaigns())["c000"].status == "paused"


async def test_after_a_restart_all_campaigns_are_read(mirror: Mirror) -> None:
    mirror.platform.put(*(campaign(f"c{place:03d}") for place in range(PAGE_SIZE + 50)))
    await mirror.sync.run_pass()
    mirror.platform.requests.clear()
    await Sync(mirror.context).run_pass()
    assert not any("status=" in request for request in mirror.platform.requests)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
async def test_of_a_campaign_that_is_listed_twice_the_later_counts(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_server").fresh() if backend == "postgresql" else None
    async with mirroring(Platform(), tmp_path, url) as mirror:
        mirror.platform.put(*(campaign(f"c{place:03d}") for place in range(10)))
        mirror.platform.campaigns["another"] = campaign("c003", status="paused")
        counts = (await mirror.sync.run_pass())["campaigns"]
        assert (counts.added, counts.removed) == (10, 0)
        assert (await mirror.campaigns())["c003"].status == "paused"


async def test_a_token_that_is_refused_in_mid_list_ends_the_pass_and_removes_nothing(mirror: Mirror) -> None:
    uuids = [f"c{place:03d}" for place in range(3 * PAGE_SIZE)]
    mirror.platform.put(*map(campaign, uuids))
    await mirror.sync.run_pass()
    mirror.platform.put(campaign(uuids[0], status="paused"))
    mirror.platform.requests.clear()
    mirror.clock.forward(hours=1)
    mirror.platform.fails_at_page, mirror.platform.fails_by = 2, "refuses_token"
    with pytest.raises(PermanentError, match=r"refuses the token of api\.token \(401 at campaigns\)"):
        await mirror.sync.run_pass()
    assert sum("page=2" in request for request in mirror.platform.requests) == 1
    held = await mirror.campaigns()
    assert set(held) == set(uuids)
    assert held[uuids[0]].status == "paused"
    assert Code.CAMPAIGN_NOT_ACTIVE in [one.code for one in mirror.context.book.plans[uuids[0]].standing]


@pytest.mark.parametrize("named", ["a", "b"])
async def test_an_order_that_two_campaigns_list_stays_with_the_one_that_it_names(mirror: Mirror, named: str) -> None:
    mirror.platform.put(campaign("a"), campaign("b"))
    for lists in ("a", "b"):
        mirror.platform.order(lists, "o1", campaignUuid=named)
    for _ in range(3):
        await passes(mirror)
        found = await order(mirror, "o1")
        assert (found.order.campaign, found.order.fault, found.removed) == (named, None, False)
    del mirror.platform.orders["b" if named == "a" else "a"]["o1"]
    await passes(mirror)
    assert not (await order(mirror, "o1")).removed


@pytest.mark.parametrize("names_it", [True, False])
async def test_an_order_that_is_moved_to_another_campaign_goes_with_it(mirror: Mirror, names_it: bool) -> None:
    mirror.platform.put(campaign("a"), campaign("b"))
    mirror.platform.order("b", "o1", **({} if names_it else {"campaignUuid": "a"}))
    mirror.platform.orders["a"]["o1"] = mirror.platform.orders.pop("b")["o1"]
    if not names_it:
        del mirror.platform.orders["a"]["o1"]["campaignUuid"]
    await passes(mirror)
    mirror.platform.orders["b"]["o1"] = mirror.platform.orders["a"].pop("o1")
    mirror.platform.orders["b"]["o1"] = {
        **mirror.platform.orders["b"]["o1"],
        **({"campaignUuid": "b"} if names_it else {}),
    }
    await passes(mirror, 2)
    found = await order(mirror, "o1")
    assert (found.order.campaign, found.order.fault, found.removed) == ("b", None, False)


async def test_orders_without_a_name_are_counted_and_hold_up_no_other(mirror: Mirror) -> None:
    mirror.platform.put(campaign("a"))
    mirror.platform.order("a", "o1")
    mirror.platform.orders["a"] |= {"x": {"status": "planned"}, "y": {"uuid": "line\nbreak", "status": "planned"}}
    await mirror.sync.run_pass()
    counts = await mirror.orders.run_pass()
    assert (counts.added, counts.refused) == (1, 2)
    assert mirror.clock.now() - mirror.context.book.orders_synced_at["a"] < timedelta(minutes=1)


async def test_a_campaign_whose_orders_are_not_found_is_asked_again_and_holds_up_no_other(mirror: Mirror) -> None:
    mirror.platform.put(campaign("a"), campaign("b"))
    mirror.platform.order("b", "o1")
    await mirror.sync.run_pass()
    mirror.platform.lacks_orders_of = "a"
    await mirror.orders.run_pass()
    assert set(mirror.context.book.orders_synced_at) == {"b"}
    mirror.platform.lacks_orders_of = ""
    await passes(mirror)
    assert set(mirror.context.book.orders_synced_at) == {"a", "b"}
