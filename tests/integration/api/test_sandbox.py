import json

import pytest

from dispatcher.api import parse
from dispatcher.api.client import PAGE_SIZE
from dispatcher.api.document import glance
from dispatcher.api.sheets import Sheets
from dispatcher.clock import Clock
from dispatcher.errors import NotFoundError, PermanentError
from dispatcher.model.found import Found
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.examples import add_examples
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
    sheets = Sheets(platform, "campaigns", "campaigns", {}, None)
    assert [uuid async for _, sheet in sheets.read() for uuid in sheet.named()] == uuids
    assert sheets.total == number


async def test_one_thing_is_found_by_its_id_or_said_not_to_be(connect: Connect, store: Store) -> None:
    phone = store.add_phone()
    platform = await connect(create_app(store, TOKEN, Clock()))
    text = await platform.phone(phone["uuid"])
    assert text is not None
    assert json.loads(text) == phone
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


async def test_every_example_of_the_reference_comes_through_as_it_is_printed(connect: Connect, store: Store) -> None:
    add_examples(store)
    platform = await connect(create_app(store, TOKEN, Clock()))
    for kind, read, things in (
        ("campaigns", parse.campaign, store.campaigns),
        ("phones", parse.phone, store.phones),
    ):
        (page,) = [page async for page in platform.pages(kind, kind)]
        found = [read(glance(item)) for item in page.items]
        assert {one.thing.uuid for one in found if isinstance(one, Found)} == set(things)
        for one in found:
            assert isinstance(one, Found)
            assert (one.thing.fault, json.loads(one.text)) == (None, things[one.thing.uuid])
