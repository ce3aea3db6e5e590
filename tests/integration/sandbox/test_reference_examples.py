"""Every document that the provider's reference prints comes out of the sandbox as it is printed there."""

import json
from collections.abc import Callable

import httpx
import pytest

from dispatcher.sandbox.examples import add_examples
from dispatcher.sandbox.store import Store

pytestmark = pytest.mark.asyncio(loop_scope="session")

Document = Callable[[str], str]
Printed = Callable[[httpx.Response], str]

GIVEN_BY_THE_SERVER = ("uuid", "createdAt", "updatedAt")


@pytest.fixture(autouse=True)
def examples(store: Store) -> None:
    add_examples(store)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/campaigns", "campaigns"),
        ("/campaigns/8f3a91b2-c4d5-4e6f-a8b9-c0d1e2f3a4b5", "campaign"),
        ("/phones", "phones"),
        ("/phones/9z8y7x6w-5v4u-3t2s-1r0q-9p8o7n6m5l4k", "phone"),
    ],
)
async def test_reads_answer_the_printed_example(
    api: httpx.AsyncClient, document: Document, printed: Printed, path: str, name: str
) -> None:
    assert printed(await api.get(path)) == document(name)


async def test_creating_the_printed_campaign_answers_its_document(api: httpx.AsyncClient, document: Document) -> None:
    example = json.loads(document("campaign"))
    body = {key: value for key, value in example.items() if key not in GIVEN_BY_THE_SERVER}
    answer = await api.post("/campaigns", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert list(made) == list(example)
    assert {key: made[key] for key in body} == body


async def test_registering_the_printed_phone_answers_its_document(api: httpx.AsyncClient, document: Document) -> None:
    example = json.loads(document("phone"))
    body = {key: example[key] for key in ("number", "name", "countryCode", "provider", "type")}
    answer = await api.post("/phones", json=body | {"referenceId": "vapi-1"})
    assert answer.status_code == 201
    made = answer.json()
    assert list(made) == list(example)
    assert {key: made[key] for key in example if key not in GIVEN_BY_THE_SERVER} == {
        key: value for key, value in example.items() if key not in GIVEN_BY_THE_SERVER
    }


async def test_updating_with_the_printed_schedule_stores_it(
    api: httpx.AsyncClient, document: Document, stamped: str
) -> None:
    schedule = json.loads(document("campaign-schedule"))
    path = "/campaigns/8f3a91b2-c4d5-4e6f-a8b9-c0d1e2f3a4b5"
    answer = await api.patch(path, json={"schedule": schedule})
    assert answer.json() == json.loads(document("campaign")) | {"schedule": schedule, "updatedAt": stamped}
    assert (await api.get(path)).json() == answer.json()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/campaigns/8f3a91b2-c4d5-4e6f-a8b9-c0d1e2f3a4b5", "campaign-deleted"),
        ("/phones/9z8y7x6w-5v4u-3t2s-1r0q-9p8o7n6m5l4k", "phone-deleted"),
    ],
)
async def test_deleting_answers_the_printed_example(
    api: httpx.AsyncClient, document: Document, printed: Printed, path: str, name: str
) -> None:
    assert printed(await api.delete(path)) == document(name)
    assert (await api.get(path)).status_code == 404
