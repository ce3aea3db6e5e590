from typing import Any

import httpx
import pytest

from dispatcher.sandbox.store import Store

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def campaign(store: Store) -> str:
    return str(store.add_campaign(uuid="campaign_12345")["uuid"])


def numbers(answer: httpx.Response) -> list[str]:
    return [order["record"]["phoneNumber"] for order in answer.json()["orders"]]


def fields(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 422
    return {fault["field"] for fault in answer.json()["errors"]}


async def test_a_campaign_lists_its_own_orders_only(api: httpx.AsyncClient, store: Store, campaign: str) -> None:
    store.add_orders(campaign, ["+12125550100", "+12125550101"])
    store.add_orders(str(store.add_campaign()["uuid"]), ["+12125550102"])
    answer = await api.get(f"/campaigns/{campaign}/orders")
    assert numbers(answer) == ["+12125550100", "+12125550101"]
    assert list(answer.json()) == ["orders", "total", "page", "limit", "totalPages"]


async def test_an_order_has_the_known_properties(api: httpx.AsyncClient, store: Store, campaign: str) -> None:
    store.add_order(campaign, "+12125550100")
    (order,) = (await api.get(f"/campaigns/{campaign}/orders")).json()["orders"]
    assert list(order) == [
        "uuid",
        "campaignUuid",
        "status",
        "scheduledTime",
        "scheduledTimeTimezone",
        "scheduledDurationSeconds",
        "price",
        "currencyCode",
        "instructions",
        "record",
    ]
    assert order["uuid"].startswith("order_")
    assert order["campaignUuid"] == campaign
    assert list(order["record"]) == ["uuid", "name", "phoneNumber"]


@pytest.mark.parametrize("status", ["planned", "do not call", "no-answer", "calling", "contacted"])
async def test_status_filters(api: httpx.AsyncClient, store: Store, campaign: str, status: str) -> None:
    for number, word in enumerate(("planned", "do not call", "no-answer", "calling", "contacted")):
        store.add_order(campaign, f"+{number}", status=word)
    answer = await api.get(f"/campaigns/{campaign}/orders", params={"status": status})
    assert [order["status"] for order in answer.json()["orders"]] == [status]


@pytest.mark.parametrize("text", ["ada", "50100"])
async def test_search_finds_the_records_name_and_number(
    api: httpx.AsyncClient, store: Store, campaign: str, text: str
) -> None:
    store.add_order(campaign, record={"uuid": "r", "name": "Ada Berg", "phoneNumber": "+12125550100"})
    store.add_order(campaign, record={"uuid": "s", "name": "Bruno Costa", "phoneNumber": "+12125550199"})
    store.add_order(campaign, record=None)
    answer = await api.get(f"/campaigns/{campaign}/orders", params={"search": text})
    assert numbers(answer) == ["+12125550100"]


async def test_orders_are_paged(api: httpx.AsyncClient, store: Store, campaign: str) -> None:
    store.add_orders(campaign, ["+1", "+2", "+3"])
    answer = await api.get(f"/campaigns/{campaign}/orders", params={"limit": 2, "page": 2})
    assert numbers(answer) == ["+3"]
    assert (answer.json()["total"], answer.json()["totalPages"]) == (3, 2)


async def test_bad_parameters_are_refused_by_name(api: httpx.AsyncClient, campaign: str) -> None:
    answer = await api.get(f"/campaigns/{campaign}/orders?status=later&limit=101")
    assert fields(answer) == {"status", "limit"}


async def test_a_new_order_makes_its_record(api: httpx.AsyncClient, store: Store, campaign: str) -> None:
    record = {
        "firstName": "Ada",
        "lastName": "Berg",
        "email": "ada@example.org",
        "phoneNumber": "+12125550100",
        "country": "US",
        "parameters": {"plan": "gold"},
    }
    answer = await api.post(f"/campaigns/{campaign}/orders", json={"status": "planned", "record": record})
    assert answer.status_code == 201
    order = answer.json()
    assert order["record"] == {
        "uuid": order["record"]["uuid"],
        "name": "Ada Berg",
        "phoneNumber": "+12125550100",
    }
    assert store.orders[campaign] == {order["uuid"]: order}


@pytest.mark.parametrize(
    ("body", "bad"),
    [
        ({}, {"status", "record"}),
        ({"status": "planned", "record": {"name": "Ada"}}, {"record.phoneNumber"}),
        ({"status": "soon", "record": {"phoneNumber": "212 555 0100"}}, {"status", "record.phoneNumber"}),
        (
            {"status": "scheduled", "record": {"phoneNumber": "+12125550100"}, "scheduledTime": "2026-05-04T09:00:00"},
            {"scheduledTime"},
        ),
    ],
)
async def test_bad_bodies_are_refused_by_field(
    api: httpx.AsyncClient, store: Store, campaign: str, body: Any, bad: set[str]
) -> None:
    assert fields(await api.post(f"/campaigns/{campaign}/orders", json=body)) == bad
    assert store.orders[campaign] == {}


async def test_an_order_can_be_scheduled_at_an_instant_of_any_offset(
    api: httpx.AsyncClient, store: Store, campaign: str
) -> None:
    order = store.add_order(campaign, "+12125550100")["uuid"]
    path = f"/campaigns/{campaign}/orders/{order}"
    body = {"status": "scheduled", "scheduledTime": "2026-05-04T09:00:00+02:00"}
    assert (await api.patch(path, json=body)).json()["scheduledTime"] == "2026-05-04T07:00:00Z"
    answer = (await api.get(path)).json()
    assert (answer["status"], answer["scheduledTime"]) == ("scheduled", "2026-05-04T07:00:00Z")
    assert (await api.patch(path, json={"scheduledTime": None})).json()["scheduledTime"] is None


async def test_an_instant_that_utc_cannot_hold_is_refused(api: httpx.AsyncClient, store: Store, campaign: str) -> None:
    order = store.add_order(campaign, "+12125550100")["uuid"]
    body = {"scheduledTime": "0001-01-01T00:00:00+14:00"}
    assert fields(await api.patch(f"/campaigns/{campaign}/orders/{order}", json=body)) == {"scheduledTime"}


async def test_a_deleted_order_is_gone(api: httpx.AsyncClient, store: Store, campaign: str) -> None:
    order = store.add_order(campaign, "+12125550100")["uuid"]
    assert (await api.delete(f"/campaigns/{campaign}/orders/{order}")).json() == {"success": True}
    assert store.orders[campaign] == {}
