"""What operators decide over HTTP: held calls and dead letters, one or many."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from dispatcher.mirror import attempts, dead_letters, order_reports, orders
from dispatcher.mirror.attempts import Intent
from dispatcher.mirror.database import Connection, Database
from dispatcher.model.attempt import LOST
from dispatcher.model.dead_letter import Reason
from dispatcher.model.outcome import Outcome
from dispatcher.settings import load
from dispatcher.steering import doubts
from tests.integration.mirror.things import put_order

from .conftest import BEARER, NOW, Daemon

HOUR = timedelta(hours=1)
JOBS = ("a0" * 16, "a1" * 16, "b0" * 16)
SAID = {"reason": "the carrier has no such call", "by": "anna"}


@pytest.fixture
def held(database: Database) -> Database:
    """Three calls in doubt for one, two and three hours, and one that is under way."""

    def fill(connection: Connection) -> None:
        for place, job in enumerate((*JOBS, "c0" * 16), 1):
            put_order(connection, f"order_{place}", place, campaign="camp-1")
            intent = Intent(job, f"order_{place}", "camp-1", "phone-1", f"+33{place}", 1, "b", NOW + HOUR, {})
            assert attempts.intend(connection, [intent], NOW - 4 * HOUR) == {job}
        for place, job in enumerate(JOBS, 1):
            assert attempts.doubt(connection, [job], LOST, NOW - place * HOUR)

    database.run_write(fill)
    return database


@pytest.fixture
def dead(database: Database) -> Database:
    """An order that was closed by a failure (letter 1), and a report that fits nothing (letter 2)."""

    def die(connection: Connection) -> None:
        put_order(connection, "order_1", 1, campaign="camp-1")
        assert orders.take(connection, "order_1", "job_1")
        orders.spend(connection, "order_1", "job_1", closed_as="exhausted", retry_at=None, at=NOW)
        of_order: dict[str, Any] = {"job": "job_1", "order": "order_1", "campaign": "camp-1"}
        dead_letters.keep(connection, "job_1", Reason.FAILED, phone="p", words={}, at=NOW, **of_order)
        dead_letters.keep(connection, "p 1-1", Reason.MALFORMED, phone="p", words={"poison": "yes"}, at=NOW)

    database.run_write(die)
    return database


async def post(client: httpx.AsyncClient, path: str, body: Any = None) -> httpx.Response:
    return await client.post(path, json=body, headers=BEARER)


async def uncertain(client: httpx.AsyncClient) -> set[str]:
    return {one["job"] for one in (await client.get("/api/jobs?state=uncertain")).json()["jobs"]}


async def test_a_held_call_is_released_with_who_and_why(client: httpx.AsyncClient, held: Database) -> None:
    answer = await post(client, f"/api/jobs/{JOBS[0][:4]}/release", SAID)
    assert answer.status_code == 200
    [one] = answer.json()["released"]
    assert (one["job"], one["state"], one["settled_by"], one["settled_why"]) == (
        JOBS[0],
        "released",
        "anna",
        SAID["reason"],
    )
    record = held.run(orders.record, "order_1")
    assert record is not None
    assert record.live_state is None
    assert await uncertain(client) == set(JOBS[1:])


@pytest.mark.parametrize(("outcome", "closed_as"), [("completed", "completed"), (None, "canceled")])
async def test_a_held_call_is_closed_with_what_became_of_it(
    client: httpx.AsyncClient, held: Database, outcome: str | None, closed_as: str
) -> None:
    answer = await post(client, f"/api/jobs/{JOBS[0]}/close", SAID | {"outcome": outcome})
    assert [one["outcome"] for one in answer.json()["closed"]] == [closed_as]
    record = held.run(orders.record, "order_1")
    assert record is not None
    assert record.closed_as == closed_as
    assert held.run(order_reports.counts) == (0, 0)


async def test_the_platform_is_told_of_a_closed_call_where_it_is_told_of_any(
    client: httpx.AsyncClient, held: Database, daemon: Daemon
) -> None:
    told = load(None, {"DISPATCHER_REPORT__ORDERS": "true"})
    daemon.sources = type(daemon.sources)(told, held, daemon.sources.watch)
    await post(client, f"/api/jobs/{JOBS[0]}/close", SAID | {"outcome": "completed"})
    assert [one.order for one in held.run(order_reports.due, NOW, 9)] == ["order_1"]


@pytest.mark.parametrize(
    ("name", "status", "why"),
    [
        ("dddd", 404, "there is no such job"),
        ("c0c0", 409, "it is intent, not uncertain"),
        ("a", 409, "several jobs start with it"),
    ],
)
async def test_what_is_not_one_held_call_is_a_problem(
    client: httpx.AsyncClient, held: Database, name: str, status: int, why: str
) -> None:
    answer = await post(client, f"/api/jobs/{name}/release", SAID)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert why in answer.json()["detail"]
    assert await uncertain(client) == set(JOBS)


async def test_of_many_those_that_are_refused_are_named(client: httpx.AsyncClient, held: Database) -> None:
    answer = await post(client, "/api/jobs/release", SAID | {"jobs": ["dddd", JOBS[2]]})
    assert (answer.status_code, [one["job"] for one in answer.json()["released"]]) == (200, [JOBS[2]])
    assert answer.json()["refused"] == [{"job": "dddd", "why": "there is no such job"}]


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({}, set(JOBS)),
        ({"older_than": "90m"}, set(JOBS[1:])),
        ({"campaign": "Spring", "phone": "+12125550100"}, set(JOBS)),
    ],
)
async def test_many_are_closed_by_campaign_phone_and_age(
    client: httpx.AsyncClient,
    held: Database,
    narrowed: dict[str, str],
    expected: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doubts, "_AT_ONCE", 2)
    answer = await post(client, "/api/jobs/close", SAID | {"all": True} | narrowed)
    assert {one["job"] for one in answer.json()["closed"]} == expected
    assert await uncertain(client) == set(JOBS) - expected


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        ("release", {"reason": "x", "jobs": ["a0"]}, "by must be a text"),
        ("release", {"by": "anna", "all": True}, "reason must be a text"),
        ("release", SAID, 'give jobs, or "all": true'),
        ("release", SAID | {"all": "yes"}, "all must be true or false"),
        ("release", SAID | {"all": True, "jobs": ["a0"]}, "give jobs, or"),
        ("release", SAID | {"jobs": ["a0"], "phone": "phone-1"}, "give jobs, or"),
        ("release", SAID | {"all": True, "campain": "Spring"}, "a field 'campain' that means nothing here"),
        ("release", SAID | {"all": True, "outcome": "completed"}, "a field 'outcome'"),
        ("close", SAID | {"all": True, "outcome": "gone"}, "outcome must be one of completed"),
        ("close", SAID | {"all": True, "outcome": ["busy"]}, "outcome must be one of completed"),
        ("release", SAID | {"all": True, "older_than": "soon"}, "older_than must be a duration"),
        ("release", SAID | {"all": True, "older_than": True}, "older_than must be a duration"),
        ("release", SAID | {"all": True, "older_than": [1]}, "older_than must be a duration"),
        ("release", SAID | {"all": True, "campaign": 5}, "campaign must be a text"),
        ("release", SAID | {"jobs": []}, "jobs must be a list of 1 to 1000"),
        ("release", SAID | {"jobs": [1]}, "jobs must be a list of 1 to 1000"),
        ("release", SAID | {"all": True, "campaign": "nobody's"}, "there is no campaign"),
    ],
)
async def test_nothing_is_guessed_of_what_is_asked_for(
    client: httpx.AsyncClient, held: Database, path: str, body: dict[str, Any], detail: str
) -> None:
    answer = await post(client, f"/api/jobs/{path}", body)
    assert answer.status_code in {404, 422}
    assert detail in answer.json()["detail"]
    assert await uncertain(client) == set(JOBS)


async def test_dead_letters_are_listed_as_by_the_command(client: httpx.AsyncClient, dead: Database) -> None:
    document = (await client.get("/api/dead")).json()
    assert (document["total"], [one["id"] for one in document["letters"]]) == (2, [2, 1])
    some = (await client.get("/api/dead", params={"campaign": "camp-1", "reason": "failed", "limit": "5"})).json()
    assert [one["order"] for one in some["letters"]] == ["order_1"]
    for query in ("reason=broken", "limit=0"):
        assert (await client.get(f"/api/dead?{query}")).status_code == 400


async def test_a_dead_letter_is_retried_and_its_order_is_open_again(client: httpx.AsyncClient, dead: Database) -> None:
    answer = await post(client, "/api/dead/1/retry")
    assert (answer.status_code, answer.json()) == (200, {"retried": {"reopened": 1, "refused": []}})
    record = dead.run(orders.record, "order_1")
    assert record is not None
    assert record.closed_as is None


@pytest.mark.parametrize(
    ("path", "status", "why"),
    [
        ("/api/dead/9/retry", 404, "there is no such dead letter"),
        ("/api/dead/9/drop", 404, "there is no such dead letter"),
        (f"/api/dead/{'9' * 30}/drop", 404, "there is no such dead letter"),
        ("/api/dead/2/retry", 409, "it is a report"),
    ],
)
async def test_what_is_no_letter_or_cannot_be_retried_is_a_problem(
    client: httpx.AsyncClient, dead: Database, path: str, status: int, why: str
) -> None:
    answer = await post(client, path)
    assert answer.status_code == status
    assert why in answer.json()["detail"]
    assert sum(dead.run(dead_letters.counts).values()) == 2


async def test_dead_letters_are_dropped_one_or_many(client: httpx.AsyncClient, dead: Database) -> None:
    assert (await post(client, "/api/dead/2/drop")).json() == {"dropped": {"letters": 1, "refused": []}}
    answer = await post(client, "/api/dead/drop", {"ids": [1, 9]})
    assert answer.json() == {"dropped": {"letters": 1, "refused": [{"id": 9, "why": "there is no such dead letter"}]}}
    assert (await post(client, "/api/dead/drop", {"all": True})).json()["dropped"]["letters"] == 0


async def test_the_letters_of_a_campaign_are_retried_and_reports_left(
    client: httpx.AsyncClient, dead: Database
) -> None:
    answer = await post(client, "/api/dead/retry", {"campaign": "Spring", "reason": "failed"})
    assert answer.json() == {"retried": {"reopened": 1, "refused": []}}
    assert [one["id"] for one in (await client.get("/api/dead")).json()["letters"]] == [2]


@pytest.fixture
def untold(database: Database) -> Database:
    """The platform refused to be told of an order."""

    def end(connection: Connection) -> None:
        put_order(connection, "order_1", 1, campaign="camp-1")
        assert orders.take(connection, "order_1", "job_1")
        orders.spend(connection, "order_1", "job_1", closed_as="completed", retry_at=None, at=NOW)
        order_reports.owe(connection, {"order_1": Outcome.COMPLETED}, NOW)
        [owed] = order_reports.due(connection, NOW, 9)
        order_reports.failed(connection, owed, "the platform answers 404", None, NOW)

    database.run_write(end)
    return database


async def test_what_the_platform_was_not_told_is_listed_and_told_again(
    client: httpx.AsyncClient, untold: Database
) -> None:
    document = (await client.get("/api/reports?state=given-up&campaign=Spring")).json()
    assert (document["enabled"], document["given_up"]) == (False, 1)
    assert [(one["order"], one["fault"]) for one in document["reports"]] == [("order_1", "the platform answers 404")]
    answer = await post(client, "/api/reports/retry", {"orders": ["order_1", "order_9"]})
    refused = [{"order": "order_9", "why": "nothing of it was given up"}]
    assert answer.json() == {"retried": {"reports": 1, "refused": refused}}
    assert (await post(client, "/api/reports/retry", {"all": True})).json()["retried"]["reports"] == 0
    assert untold.run(order_reports.counts) == (1, 0)


@pytest.mark.parametrize(
    "body",
    [{}, {"orders": ["order_1"], "all": True}, {"orders": ["order_1"], "campaign": "camp-1"}, {"all": 1}],
    ids=str,
)
async def test_it_is_never_guessed_what_is_told_again(
    client: httpx.AsyncClient, untold: Database, body: dict[str, Any]
) -> None:
    assert (await post(client, "/api/reports/retry", body)).status_code == 422
    assert (await client.get("/api/reports?state=lost")).status_code == 400
    assert untold.run(order_reports.counts) == (0, 1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": "failed"},
        {"ids": [1], "all": True},
        {"ids": [1], "campaign": "camp-1"},
        {"ids": [1], "reason": "failed"},
        {"ids": ["1"]},
        {"ids": [True]},
        {"all": True, "reason": "broken"},
        {"all": True, "campain": "camp-1"},
    ],
    ids=str,
)
async def test_it_is_never_guessed_which_letters_are_meant(
    client: httpx.AsyncClient, dead: Database, body: dict[str, Any]
) -> None:
    for verb in ("retry", "drop"):
        assert (await post(client, f"/api/dead/{verb}", body)).status_code == 422
    assert sum(dead.run(dead_letters.counts).values()) == 2
