from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from dispatcher.sandbox.examples import add_examples
from dispatcher.sandbox.server import Server
from dispatcher.sandbox.store import Store

ROUTES = [
    ("GET", "/auth/me"),
    ("GET", "/assistants"),
    ("GET", "/campaigns"),
    ("POST", "/campaigns"),
    ("GET", "/campaigns/none"),
    ("PATCH", "/campaigns/none"),
    ("DELETE", "/campaigns/none"),
    ("GET", "/campaigns/none/orders"),
    ("POST", "/campaigns/none/orders"),
    ("GET", "/campaigns/none/orders/none"),
    ("PATCH", "/campaigns/none/orders/none"),
    ("DELETE", "/campaigns/none/orders/none"),
    ("GET", "/phones"),
    ("POST", "/phones"),
    ("GET", "/phones/none"),
    ("PATCH", "/phones/none"),
    ("DELETE", "/phones/none"),
    ("GET", "/nowhere"),
]

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nothing_answers_without_the_token(server: Server, method: str, path: str) -> None:
    async with httpx.AsyncClient(base_url=server.url) as stranger:
        answer = await stranger.request(method, path)
    assert answer.status_code == 401
    assert answer.json() == {"success": False, "message": "A valid bearer token is needed."}
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header", [b"Bearer wrong", b"Bearer", b"sandbox-token", b"Basic sandbox-token", b"Bearer sandbox-tok\xe9n"]
)
async def test_another_token_is_refused(server: Server, header: bytes) -> None:
    async with httpx.AsyncClient(base_url=server.url) as stranger:
        answer = await stranger.get("/auth/me", headers={b"Authorization": header})
    assert answer.status_code == 401


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if "none" in route[1]])
async def test_what_does_not_exist_answers_404(api: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await api.request(method, path)
    assert answer.status_code == 404
    body = answer.json()
    assert body["success"] is False
    assert "none" in body["message"]


async def test_an_order_of_another_campaign_does_not_exist(api: httpx.AsyncClient, store: Store) -> None:
    order = store.add_order(store.add_campaign()["uuid"])["uuid"]
    other = store.add_campaign()["uuid"]
    assert (await api.get(f"/campaigns/{other}/orders/{order}")).status_code == 404


async def test_unknown_paths_and_methods_answer_json(api: httpx.AsyncClient) -> None:
    assert [
        (answer.status_code, answer.json()["success"])
        for answer in (await api.get("/nowhere"), await api.put("/campaigns"))
    ] == [(404, False), (405, False)]


async def test_auth_me_tells_whose_token_it_is(api: httpx.AsyncClient) -> None:
    answer = (await api.get("/auth/me")).json()
    assert list(answer) == ["token", "user"]
    assert answer["token"] == "sandbox-token"
    assert list(answer["user"]) == ["uuid", "email", "name", "permissions", "role", "client", "status"]
    assert list(answer["user"]["client"]) == ["uuid", "name", "status"]
    assert "campaigns:read" in answer["user"]["permissions"]


async def test_assistants_are_listed_with_their_total(api: httpx.AsyncClient, store: Store) -> None:
    add_examples(store)
    answer = (await api.get("/assistants")).json()
    assert answer["total"] == len(answer["assistants"]) == 2
    assert list(answer["assistants"][0]) == ["uuid", "name", "model", "prompt", "voice", "firstMessage"]


async def test_answers_carry_the_clocks_date_once(api: httpx.AsyncClient) -> None:
    answer = await api.get("/campaigns")
    (date,) = answer.headers.get_list("Date")
    assert parsedate_to_datetime(date) == datetime(2026, 5, 4, 12, 30, 15, tzinfo=UTC)
