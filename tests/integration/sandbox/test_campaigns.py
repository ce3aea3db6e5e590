from typing import Any

import httpx
import pytest

from dispatcher.sandbox.store import Store

pytestmark = pytest.mark.asyncio(loop_scope="session")


def names(answer: httpx.Response) -> list[str]:
    return [campaign["name"] for campaign in answer.json()["campaigns"]]


def fields(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 422
    return {fault["field"] for fault in answer.json()["errors"]}


@pytest.mark.parametrize("text", ["summer", "SUMMER", "ummer T"])
async def test_search_finds_part_of_the_name_in_any_case(api: httpx.AsyncClient, store: Store, text: str) -> None:
    store.add_campaign(name="Summer time")
    store.add_campaign(name="Winter")
    assert names(await api.get("/campaigns", params={"search": text})) == ["Summer time"]


async def test_search_finds_part_of_the_description(api: httpx.AsyncClient, store: Store) -> None:
    store.add_campaign(name="One", description="New property listings")
    store.add_campaign(name="Two")
    assert names(await api.get("/campaigns", params={"search": "PROPERTY"})) == ["One"]


async def test_search_looks_at_no_other_field(api: httpx.AsyncClient, store: Store) -> None:
    store.add_campaign(name="One", timezone="Europe/London")
    assert names(await api.get("/campaigns", params={"search": "london"})) == []


@pytest.mark.parametrize("status", ["draft", "active", "paused", "completed", "archived", "closed"])
async def test_status_filters(api: httpx.AsyncClient, store: Store, status: str) -> None:
    for word in ("draft", "active", "paused", "completed", "archived", "closed"):
        store.add_campaign(name=word, status=word)
    assert names(await api.get("/campaigns", params={"status": status})) == [status]


async def test_empty_parameters_count_as_left_out(api: httpx.AsyncClient, store: Store) -> None:
    store.add_campaign(name="One")
    assert names(await api.get("/campaigns?search=&status=&page=&limit=")) == ["One"]


async def test_pages_follow_the_order_of_adding(api: httpx.AsyncClient, store: Store) -> None:
    for number in range(5):
        store.add_campaign(name=str(number))
    pages = [await api.get("/campaigns", params={"page": page, "limit": 2}) for page in (1, 2, 3, 4)]
    assert [names(page) for page in pages] == [["0", "1"], ["2", "3"], ["4"], []]
    assert [{key: value for key, value in page.json().items() if key != "campaigns"} for page in pages] == [
        {"total": 5, "page": page, "limit": 2, "totalPages": 3} for page in (1, 2, 3, 4)
    ]


async def test_a_page_holds_ten_by_default(api: httpx.AsyncClient, store: Store) -> None:
    for number in range(11):
        store.add_campaign(name=str(number))
    answer = (await api.get("/campaigns")).json()
    assert (len(answer["campaigns"]), answer["limit"], answer["totalPages"]) == (10, 10, 2)


async def test_a_deletion_between_pages_shifts_the_next(api: httpx.AsyncClient, store: Store) -> None:
    first, *_ = [store.add_campaign(name=str(number)) for number in range(4)]
    assert names(await api.get("/campaigns", params={"limit": 2})) == ["0", "1"]
    await api.delete(f"/campaigns/{first['uuid']}")
    assert names(await api.get("/campaigns", params={"limit": 2, "page": 2})) == ["3"]


async def test_an_empty_list_has_no_pages(api: httpx.AsyncClient) -> None:
    assert (await api.get("/campaigns")).json() == {
        "campaigns": [],
        "total": 0,
        "page": 1,
        "limit": 10,
        "totalPages": 0,
    }


@pytest.mark.parametrize(
    ("query", "bad"),
    [
        ("limit=101", {"limit"}),
        ("limit=0", {"limit"}),
        ("page=0", {"page"}),
        ("page=two&limit=many", {"page", "limit"}),
        ("status=running", {"status"}),
    ],
)
async def test_bad_parameters_are_refused_by_name(api: httpx.AsyncClient, query: str, bad: set[str]) -> None:
    assert fields(await api.get(f"/campaigns?{query}")) == bad


async def test_a_hundred_a_page_is_allowed(api: httpx.AsyncClient) -> None:
    assert (await api.get("/campaigns?limit=100")).json()["limit"] == 100


async def test_a_new_campaign_has_nothing_set_but_what_was_given(
    api: httpx.AsyncClient, store: Store, stamped: str
) -> None:
    made = (await api.post("/campaigns", json={"name": "A", "status": "draft", "type": "inbound"})).json()
    assert {key for key, value in made.items() if value is not None} == {
        "uuid",
        "name",
        "status",
        "type",
        "createdAt",
        "updatedAt",
    }
    assert made["createdAt"] == made["updatedAt"] == stamped
    assert store.campaigns == {made["uuid"]: made}


GOOD = {"name": "A", "status": "active", "type": "outbound"}


@pytest.mark.parametrize(
    ("body", "bad"),
    [
        ({}, {"name", "status", "type"}),
        (GOOD | {"name": ""}, {"name"}),
        (GOOD | {"status": "paused"}, {"status"}),
        (GOOD | {"name": None}, {"name"}),
        (GOOD | {"status": "running", "type": "both"}, {"status", "type"}),
        (GOOD | {"timezone": 1}, {"timezone"}),
        (GOOD | {"outboundPhoneUuid": ""}, {"outboundPhoneUuid"}),
        (GOOD | {"timezon": "UTC"}, {"timezon"}),
        (GOOD | {"schedule": "always"}, {"schedule"}),
        (GOOD | {"schedule": {"monday": {"start": "09:00", "end": "17:00"}}}, {"schedule.monday"}),
        (GOOD | {"schedule": {"mon": {"start": "9:00", "end": "25:00"}}}, {"schedule.mon.start", "schedule.mon.end"}),
        (GOOD | {"schedule": {"mon": {"start": "09:00"}}}, {"schedule.mon.end"}),
        (GOOD | {"schedule": {"mon": None}}, {"schedule.mon"}),
        (GOOD | {"schedule": {"mon": [{"start": "09:00", "end": "x"}]}}, {"schedule.mon.0.end"}),
        ([], {"body"}),
    ],
)
async def test_bad_bodies_are_refused_by_field(api: httpx.AsyncClient, store: Store, body: Any, bad: set[str]) -> None:
    assert fields(await api.post("/campaigns", json=body)) == bad
    assert store.campaigns == {}


@pytest.mark.parametrize("raw", [b"", b"{", b"name=A", b"\xff"])
async def test_what_is_no_json_is_refused(api: httpx.AsyncClient, raw: bytes) -> None:
    assert fields(await api.post("/campaigns", content=raw)) == {"body"}


@pytest.mark.parametrize(
    "schedule",
    [
        None,
        {},
        {"sun": {"start": "22:00", "end": "02:00"}},
        {"sat": {"start": "00:00", "end": "24:00"}},
        {"fri": [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "17:00"}]},
    ],
)
async def test_schedules_come_back_as_they_were_given(api: httpx.AsyncClient, schedule: Any) -> None:
    made = (await api.post("/campaigns", json=GOOD | {"schedule": schedule})).json()
    assert (await api.get(f"/campaigns/{made['uuid']}")).json()["schedule"] == schedule


async def test_an_update_changes_what_is_given_and_when(api: httpx.AsyncClient, store: Store, stamped: str) -> None:
    before = dict(store.add_campaign(name="A", status="active", timezone="UTC"))
    answer = await api.patch(f"/campaigns/{before['uuid']}", json={"status": "paused", "timezone": None})
    assert answer.status_code == 200
    assert answer.json() == before | {"status": "paused", "timezone": None, "updatedAt": stamped}


async def test_a_bad_update_changes_nothing(api: httpx.AsyncClient, store: Store) -> None:
    before = dict(store.add_campaign(name="A"))
    answer = await api.patch(f"/campaigns/{before['uuid']}", json={"name": None, "status": "x", "type": "outbound"})
    assert fields(answer) == {"name", "status"}
    assert store.campaigns[before["uuid"]] == before


async def test_a_campaign_takes_its_orders_with_it(api: httpx.AsyncClient, store: Store) -> None:
    campaign = store.add_campaign()["uuid"]
    store.add_orders(campaign, ["+12125550100"])
    await api.delete(f"/campaigns/{campaign}")
    assert store.orders == {}
    assert (await api.get(f"/campaigns/{campaign}/orders")).status_code == 404
