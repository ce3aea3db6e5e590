from datetime import UTC, datetime

import pytest

from dispatcher.mirror import dead_letters, orders
from dispatcher.mirror.database import Connection, Database
from dispatcher.model.dead_letter import Reason
from tests.integration.cli.conftest import OPEN, ORDER, SHUT, Site

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)


@pytest.fixture
async def dead(mirrored: Site) -> Site:
    """The one order was closed by a failure (letter 1), and a report fits nothing (letter 2)."""

    def die(connection: Connection) -> None:
        assert orders.take(connection, ORDER, "job_1")
        orders.spend(connection, ORDER, "job_1", closed_as="exhausted", retry_at=None, at=NOON)
        words = {"job": "job_1", "outcome": "failed"}
        dead_letters.keep(
            connection,
            "job_1",
            Reason.FAILED,
            phone="p",
            words=words,
            at=NOON,
            job="job_1",
            order=ORDER,
            campaign=OPEN,
            detail="no route",
        )
        dead_letters.keep(connection, "p 1-1", Reason.MALFORMED, phone="p", words={"poison": "yes"}, at=NOON)

    database = Database(mirrored.settings["DISPATCHER_DATABASE__URL"])
    database.run_write(die)
    database.close()
    return mirrored


async def test_the_letters_are_listed_with_reasons_and_words(dead: Site) -> None:
    document = (await dead.run("dead", "list", "-o", "json")).document
    report, order = document["letters"]
    assert (document["total"], document["by_reason"]["failed"], document["by_reason"]["malformed"]) == (2, 1, 1)
    assert (order["id"], order["order"], order["reason"], order["at"]) == (1, ORDER, "failed", "2026-01-12T12:00:00Z")
    assert order["why"] == "the call failed, and no attempt is left"
    assert (report["id"], report["order"], report["words"]) == (2, None, {"poison": "yes"})


async def test_the_table_shows_them_and_what_to_do(dead: Site) -> None:
    shown = (await dead.run("dead", "list")).stdout
    assert "no route" in shown
    assert "poison=yes" in shown
    assert "dispatcher dead retry ID" in shown
    assert "no such dead letters" in (await dead.run("dead", "list", "--campaign", SHUT)).stdout
    assert "These are 1 of 2." in (await dead.run("dead", "list", "--reason", "failed")).stdout


async def test_status_counts_them_and_explain_tells_of_them(dead: Site) -> None:
    assert (await dead.run("status", "-o", "json")).document["dead_letters"] == 2
    assert "`dispatcher dead list` shows 2" in (await dead.run("status")).stdout
    explained = (await dead.run("explain", OPEN, ORDER, "-o", "json")).document
    assert (explained["dead_letter"]["id"], explained["dead_letter"]["reason"]) == (1, "failed")
    assert "It is dead letter 1: the call failed" in (await dead.run("explain", OPEN, ORDER)).stdout


async def test_a_retry_opens_the_order_again(dead: Site) -> None:
    ended = await dead.run("dead", "retry", "1", "-o", "json")
    assert (ended.code, ended.document["retried"]) == (0, {"reopened": 1, "refused": []})
    explained = (await dead.run("explain", OPEN, ORDER, "-o", "json")).document
    assert explained["dead_letter"] is None
    assert "order_not_dialable" not in [one["code"] for one in explained["reasons"]]


async def test_a_retry_of_a_whole_campaign_leaves_the_reports(dead: Site) -> None:
    ended = await dead.run("dead", "retry", "--campaign", "Always open")
    assert (ended.code, ended.stdout) == (0, "1 order is open again.\n")
    assert [one["id"] for one in (await dead.run("dead", "list", "-o", "json")).document["letters"]] == [2]


async def test_what_cannot_be_retried_is_named_and_a_problem(dead: Site) -> None:
    ended = await dead.run("dead", "retry", "1", "2", "9", "-o", "json")
    assert ended.code == 1
    assert ended.document["retried"]["reopened"] == 1
    assert [one["id"] for one in ended.document["retried"]["refused"]] == [2, 9]


async def test_letters_are_dropped_one_or_many(dead: Site) -> None:
    ended = await dead.run("dead", "drop", "1", "9", "-o", "json")
    assert ended.code == 1
    assert ended.document["dropped"] == {"letters": 1, "refused": [{"id": 9, "why": "there is no such dead letter"}]}
    assert (await dead.run("dead", "drop", "--all")).stdout == "1 letter is dropped.\n"
    assert (await dead.run("dead", "list", "-o", "json")).document["letters"] == []


@pytest.mark.parametrize("arguments", [[], ["1", "--all"], ["--reason", "failed"]], ids=" ".join)
async def test_it_is_never_guessed_which_letters_are_meant(dead: Site, arguments: list[str]) -> None:
    for command in ("retry", "drop"):
        assert (await dead.run("dead", command, *arguments)).code == 2
    assert len((await dead.run("dead", "list", "-o", "json")).document["letters"]) == 2


async def test_a_campaign_that_is_not_there_is_not_found(dead: Site) -> None:
    ended = await dead.run("dead", "list", "--campaign", "nobody's")
    assert ended.code == 1
    assert "there is no campaign" in ended.stderr
