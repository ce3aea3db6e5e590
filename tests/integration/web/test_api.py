import re
from typing import Any

import httpx
import pytest

from dispatcher.errors import PermanentError, TransientError

from .conftest import BEARER, Daemon


def assert_problem(answer: httpx.Response, status: int, detail: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert set(document) == {"type", "title", "status", "detail"}
    assert re.search(detail, document["detail"])


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/api/status", {"healthy", "mirror", "hopper", "attempts"}),
        ("/api/campaigns", {"campaigns"}),
        ("/api/queues", {"phones"}),
        ("/api/jobs", {"jobs"}),
        ("/api/dead", {"total", "by_reason", "letters"}),
        ("/api/campaigns/camp-1/explain", {"campaign", "at", "dialing", "reasons", "next_open"}),
    ],
)
async def test_each_document_is_served(client: httpx.AsyncClient, path: str, keys: set[str]) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert keys <= set(answer.json())


async def test_an_instant_may_be_asked_for(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/campaigns/camp-1/explain", params={"at": "2026-05-05T09:00:00-04:00"})
    assert answer.json()["at"] == "2026-05-05T13:00:00Z"
    assert answer.json()["reasons"][0]["code"] == "window_closed"


@pytest.mark.parametrize("at", ["yesterday", "2026-05-05T09:00:00", "0001-01-01T00:00:00+14:00", ""])
async def test_an_instant_that_is_none_is_refused(client: httpx.AsyncClient, at: str) -> None:
    assert_problem(await client.get("/api/campaigns/camp-1/explain", params={"at": at}), 400, "^at must be")


@pytest.mark.parametrize("path", ["/api/campaigns/nowhere/explain", "/api/campaigns/camp-1/explain?order=nowhere"])
async def test_what_does_not_exist_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert_problem(await client.get(path), 404, "nowhere")


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("state=queud", "state must be one of intent, queued"),
        ("limit=0", "limit must be"),
        ("limit=x", "limit must be"),
        ("limit=1001", "limit must be"),
        ("limit=" + "9" * 5000, "limit must be"),
    ],
)
async def test_a_wrong_parameter_is_named(client: httpx.AsyncClient, query: str, detail: str) -> None:
    assert_problem(await client.get(f"/api/jobs?{query}"), 400, detail)


async def test_states_may_be_repeated_or_listed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/jobs?state=queued,dialing&state=finished&limit=5")).json()["jobs"] == []


async def test_a_campaign_is_paused_once_and_resumed_once(client: httpx.AsyncClient, daemon: Daemon) -> None:
    paused = [
        (await client.post("/api/campaigns/camp-1/pause", json={"reason": " wrong script "}, headers=BEARER)).json()
        for _ in range(2)
    ]
    assert [one["changed"] for one in paused] == [True, False]
    assert daemon.brakes().campaigns == {"camp-1": "wrong script"}
    resumed = [(await client.post("/api/campaigns/camp-1/resume", headers=BEARER)).json() for _ in range(2)]
    assert [one["changed"] for one in resumed] == [True, False]
    assert daemon.brakes().campaigns == {}


async def test_a_phone_and_everything_can_be_paused(client: httpx.AsyncClient, daemon: Daemon) -> None:
    for path in ("/api/phones/phone-1/pause", "/api/pause"):
        assert (await client.post(path, json={"reason": "drill"}, headers=BEARER)).status_code == 200
    assert (daemon.brakes().phones, daemon.brakes().everything) == ({"phone-1": "drill"}, "drill")
    for path in ("/api/phones/phone-1/resume", "/api/resume"):
        assert (await client.post(path, headers=BEARER)).status_code == 200
    assert (daemon.brakes().phones, daemon.brakes().everything) == ({}, None)


@pytest.mark.parametrize("path", ["/api/campaigns/nowhere/pause", "/api/phones/nowhere/resume"])
async def test_only_what_exists_can_be_paused(client: httpx.AsyncClient, daemon: Daemon, path: str) -> None:
    assert_problem(await client.post(path, json={"reason": "x"}, headers=BEARER), 404, "nowhere")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[1]", 422),
        (b"{}", 422),
        (b'{"reason": "  "}', 422),
        (b'{"reason": 5}', 422),
        (b'{"reason": "' + b"x" * 501 + b'"}', 422),
        (b'{"reason": "' + b"x" * 70000 + b'"}', 413),
        (b"[" * 10000, 400),
        (b'{"reason": "\xff"}', 400),
    ],
)
async def test_a_pause_needs_a_reason(client: httpx.AsyncClient, daemon: Daemon, body: bytes, status: int) -> None:
    assert_problem(await client.post("/api/pause", content=body, headers=BEARER), status, "body|reason")
    assert daemon.brakes().everything is None


async def test_a_sync_is_made_on_request(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/sync", headers=BEARER)).json() == {"campaigns": {"added": 1}}


async def test_a_sync_reads_the_orders_of_a_campaign_that_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/sync", params={"campaign": "Spring"}, headers=BEARER)
    assert answer.json()["orders"] == {"of": "Spring"}


@pytest.mark.parametrize(
    ("fault", "status"),
    [(TransientError("the platform does not answer"), 503), (PermanentError("the platform refuses the token"), 502)],
)
async def test_a_fault_of_a_sync_is_told(
    client: httpx.AsyncClient, daemon: Daemon, fault: Exception, status: int
) -> None:
    daemon.sync_fault = fault
    assert_problem(await client.post("/api/sync", headers=BEARER), status, "^the platform")


async def test_a_mistake_in_the_program_tells_nothing_of_itself(client: httpx.AsyncClient, daemon: Daemon) -> None:
    daemon.sync_fault = RuntimeError("secret")
    answer = await client.post("/api/sync", headers=BEARER)
    assert_problem(answer, 500, "its log says which")
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/api", "/api/", "/static/", "/static/../app.py", "/livez/"])
async def test_a_path_that_is_not_there_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    assert_problem(await client.get(path, follow_redirects=False), 404, "nothing at")


async def test_a_method_that_is_not_taken_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/api/status", headers=BEARER)
    assert_problem(answer, 405, "not DELETE")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_options_tells_what_is_taken(client: httpx.AsyncClient) -> None:
    answer = await client.options("/api/pause")
    assert (answer.status_code, answer.headers["allow"], answer.content) == (204, "POST", b"")


async def test_head_answers_like_get_and_without_a_body(client: httpx.AsyncClient) -> None:
    answer = await client.head("/api/status")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 100


async def test_a_database_that_fails_is_a_problem_and_leaves_the_status(
    client: httpx.AsyncClient, daemon: Daemon
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise TransientError("the database cannot be used")

    daemon.sources.database.run = broken  # type: ignore[method-assign]
    assert_problem(await client.get("/api/campaigns"), 503, "the database cannot be used")
    status = await client.get("/api/status")
    assert (status.status_code, status.json()["healthy"]) == (200, False)
