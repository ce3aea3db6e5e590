from collections.abc import AsyncIterator
from functools import partial

import pytest

from dispatcher.api.client import PAGE_SIZE
from dispatcher.api.listing import Page, read_whole
from dispatcher.clock import Clock
from dispatcher.errors import NotFoundError, PermanentError
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.store import Store
from tests.integration.api.conftest import TOKEN, Connect


@pytest.fixture
def store() -> Store:
    return Store()


async def test_the_token_is_known(connect: Connect, store: Store) -> None:
    platform = await connect(create_app(store, TOKEN, Clock()))
    assert (await platform.me())["token"] == TOKEN
    assert platform.skew is not None
    assert abs(platform.skew.total_seconds()) < 5


async def test_a_wrong_token_is_refused_with_what_to_do(connect: Connect, store: Store) -> None:
    platform = await connect(create_app(store, TOKEN, Clock()), "wrong-token")
    with pytest.raises(PermanentError, match=r"refuses the token of api\.token \(401 at auth/me\)") as caught:
        await platform.me()
    assert "wrong-token" not in str(caught.value)


@pytest.mark.parametrize("number", [0, 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE + 30])
async def test_a_list_of_any_length_is_read_whole(connect: Connect, store: Store, number: int) -> None:
    uuids = [store.add_campaign(name=f"Campaign {index}")["uuid"] for index in range(number)]
    platform = await connect(create_app(store, TOKEN, Clock()))
    found = await read_whole(partial(platform.pages, "campaigns", "campaigns"), "campaigns")
    assert [one["uuid"] for one in found] == uuids


async def test_one_thing_is_found_by_its_id_or_said_not_to_be(connect: Connect, store: Store) -> None:
    phone = store.add_phone()
    platform = await connect(create_app(store, TOKEN, Clock()))
    assert await platform.phone(phone["uuid"]) == phone
    assert await platform.phone("missing") is None
    assert await platform.campaign("missing") is None
    assert await platform.campaign(store.add_campaign(uuid="a b é")["uuid"]) is not None


async def test_orders_are_read_and_those_of_a_missing_campaign_are_not_found(connect: Connect, store: Store) -> None:
    uuid = store.add_campaign()["uuid"]
    store.add_orders(uuid, ["+442079460018", "+442079460019"])
    platform = await connect(create_app(store, TOKEN, Clock()))
    (page,) = [page async for page in platform.pages(f"campaigns/{uuid}/orders", "orders")]
    assert (len(page.items), page.total, page.total_pages) == (2, 2, 1)
    with pytest.raises(NotFoundError):
        _ = [page async for page in platform.pages("campaigns/missing/orders", "orders")]


async def test_a_list_that_shifts_while_it_is_read_is_read_anew(connect: Connect, store: Store) -> None:
    uuids = [store.add_campaign()["uuid"] for _ in range(PAGE_SIZE + 20)]
    platform = await connect(create_app(store, TOKEN, Clock()))
    readings = 0

    async def pages() -> AsyncIterator[Page]:
        nonlocal readings
        readings += 1
        first = True
        async for page in platform.pages("campaigns", "campaigns"):
            yield page
            if first and readings == 1:
                # What comes after moves up by one: the first of the second page is skipped.
                store.delete_campaign(uuids[0])
            first = False

    found = await read_whole(pages, "campaigns")
    assert readings == 2
    assert {one["uuid"] for one in found} == set(uuids[1:])


async def test_an_item_that_is_added_in_front_comes_twice_and_is_not_believed(connect: Connect, store: Store) -> None:
    for _ in range(PAGE_SIZE + 20):
        store.add_campaign()
    platform = await connect(create_app(store, TOKEN, Clock()))
    pages: list[Page] = []
    async for page in platform.pages("campaigns", "campaigns"):
        pages.append(page)
        if len(pages) == 1:
            store.campaigns = {"new": store.add_campaign(uuid="new")} | store.campaigns
    assert [page.total for page in pages] == [PAGE_SIZE + 20, PAGE_SIZE + 21]
