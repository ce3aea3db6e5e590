from typing import Any

import httpx
import pytest

from dispatcher.sandbox.store import Store

pytestmark = pytest.mark.asyncio(loop_scope="session")


def numbers(answer: httpx.Response) -> list[str]:
    return [phone["number"] for phone in answer.json()["phones"]]


def fields(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 422
    return {fault["field"] for fault in answer.json()["errors"]}


@pytest.mark.parametrize("text", ["20255", "office", "VAPI"])
async def test_search_finds_number_name_and_provider(api: httpx.AsyncClient, store: Store, text: str) -> None:
    store.add_phone(number="+12025550100", name="Main Office", provider="vapi")
    store.add_phone(number="+13105550100", name="Shop", provider="twilio")
    assert numbers(await api.get("/phones", params={"search": text})) == ["+12025550100"]


async def test_status_and_type_filter_together(api: httpx.AsyncClient, store: Store) -> None:
    store.add_phone(number="+1", status="active", type="shared")
    store.add_phone(number="+2", status="active", type="ordered")
    store.add_phone(number="+3", status="inactive", type="shared")
    assert numbers(await api.get("/phones", params={"status": "active"})) == ["+1", "+2"]
    assert numbers(await api.get("/phones", params={"type": "shared"})) == ["+1", "+3"]
    assert numbers(await api.get("/phones", params={"status": "active", "type": "shared"})) == ["+1"]


async def test_pages_have_the_common_envelope(api: httpx.AsyncClient, store: Store) -> None:
    for number in ("+1", "+2", "+3"):
        store.add_phone(number=number)
    answer = await api.get("/phones", params={"limit": 2, "page": 2})
    assert numbers(answer) == ["+3"]
    assert list(answer.json())[1:] == ["total", "page", "limit", "totalPages"]


@pytest.mark.parametrize(
    ("query", "bad"), [("status=off", {"status"}), ("type=own", {"type"}), ("limit=101", {"limit"})]
)
async def test_bad_parameters_are_refused_by_name(api: httpx.AsyncClient, query: str, bad: set[str]) -> None:
    assert fields(await api.get(f"/phones?{query}")) == bad


async def test_a_number_is_enough_to_register(api: httpx.AsyncClient, store: Store, stamped: str) -> None:
    made = (await api.post("/phones", json={"number": "+442079460123"})).json()
    assert made == {
        "uuid": made["uuid"],
        "name": None,
        "number": "+442079460123",
        "type": "private",
        "countryCode": None,
        "provider": None,
        "status": "active",
        "smsEnabled": False,
        "createdAt": stamped,
        "updatedAt": stamped,
    }
    assert store.phones[made["uuid"]] == made


@pytest.mark.parametrize(
    ("body", "bad"),
    [
        ({}, {"number"}),
        ({"number": "020 7946 0123"}, {"number"}),
        ({"number": "+442079460123", "type": "own", "countryCode": "gb"}, {"type", "countryCode"}),
        ({"number": 442079460123}, {"number"}),
    ],
)
async def test_bad_bodies_are_refused_by_field(api: httpx.AsyncClient, store: Store, body: Any, bad: set[str]) -> None:
    assert fields(await api.post("/phones", json=body)) == bad
    assert store.phones == {}


async def test_an_update_changes_what_is_given_and_when(api: httpx.AsyncClient, store: Store, stamped: str) -> None:
    before = dict(store.add_phone(name="A", status="registered"))
    body = {"name": "B", "status": "inactive", "type": "ordered"}
    answer = await api.patch(f"/phones/{before['uuid']}", json=body)
    assert answer.json() == before | body | {"updatedAt": stamped}


async def test_a_number_cannot_be_changed(api: httpx.AsyncClient, store: Store) -> None:
    phone = store.add_phone()["uuid"]
    assert fields(await api.patch(f"/phones/{phone}", json={"number": "+12025550100"})) == {"number"}


async def test_a_deleted_phone_is_unassigned_from_campaigns(api: httpx.AsyncClient, store: Store, stamped: str) -> None:
    phone = store.add_phone()["uuid"]
    outbound = store.add_campaign(status="active", outboundPhoneUuid=phone, inboundPhoneUuid="other")
    inbound = store.add_campaign(status="active", type="inbound", inboundPhoneUuid=phone)
    unconcerned = dict(store.add_campaign(status="active", outboundPhoneUuid="other"))
    await api.delete(f"/phones/{phone}")
    assert (outbound["outboundPhoneUuid"], outbound["inboundPhoneUuid"]) == (None, "other")
    assert inbound["inboundPhoneUuid"] is None
    assert outbound["updatedAt"] == inbound["updatedAt"] == stamped
    assert store.campaigns[unconcerned["uuid"]] == unconcerned
