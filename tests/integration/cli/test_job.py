"""A person's word on uncertain calls, by the command line."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.mirror import attempts, order_reports, orders
from dispatcher.mirror.attempts import Intent
from dispatcher.mirror.database import Connection, Database
from dispatcher.model.attempt import LOST
from dispatcher.model.order import OrderRecord
from tests.integration.cli.conftest import OPEN, ORDER, PHONE, Site

HOUR = timedelta(hours=1)
JOBS = ("a0" * 16, "a1" * 16, "b0" * 16)


@pytest.fixture
async def site(site: Site) -> Site:
    """A site with three uncertain calls, in doubt for one, two and three hours, and one that is under way."""
    for place in range(1, 4):
        site.store.add_order(OPEN, f"+3361234567{place}", uuid=f"order_{place + 1}")
    await site.sync()
    database = Database(site.settings["DISPATCHER_DATABASE__URL"])
    try:
        database.run_write(_fill)
    finally:
        database.close()
    return site


def _fill(connection: Connection) -> None:
    now = datetime.now(UTC)
    for place, job in enumerate((*JOBS, "c0" * 16), 1):
        order = f"order_{place}"
        intent = Intent(job, order, OPEN, PHONE, f"+33{place}", 1, "b", now + HOUR, {})
        assert attempts.intend(connection, [intent], now - 4 * HOUR) == {job}
    for place, job in enumerate(JOBS, 1):
        assert attempts.doubt(connection, [job], LOST, now - place * HOUR)


def record(site: Site, order: str = ORDER) -> OrderRecord:
    database = Database(site.settings["DISPATCHER_DATABASE__URL"])
    try:
        found = database.run(orders.record, order)
    finally:
        database.close()
    assert found is not None
    return found


async def uncertain(site: Site) -> set[str]:
    return {one["job"] for one in (await site.run("jobs", "--state", "uncertain", "-o", "json")).document["jobs"]}


@pytest.mark.parametrize("asked_for", ["true", "false"])
async def test_the_platform_is_told_of_a_closed_call_if_it_is_told_of_any(site: Site, asked_for: str) -> None:
    site.changes["DISPATCHER_REPORT__ORDERS"] = asked_for
    await site.run("job", "close", JOBS[0], "--outcome", "completed", "--reason", "she called back")
    database = Database(site.settings["DISPATCHER_DATABASE__URL"])
    try:
        owed = database.run(order_reports.due, datetime.now(UTC), 10)
    finally:
        database.close()
    assert [(one.order, one.status) for one in owed] == ([(ORDER, "contacted")] if asked_for == "true" else [])


async def test_a_released_call_says_who_why_and_when_and_its_order_is_free(site: Site) -> None:
    ended = await site.run("job", "release", JOBS[0][:4], "--reason", "no such call", "--by", "anna", "-o", "json")
    assert ended.code == 0
    [one] = ended.document["released"]
    assert (one["job"], one["state"], one["settled_by"], one["settled_why"]) == (
        JOBS[0],
        "released",
        "anna",
        "no such call",
    )
    assert one["settled_at"].endswith("Z")
    assert record(site).live_state is None
    assert await uncertain(site) == set(JOBS[1:])


async def test_a_closed_call_ends_its_order_with_the_outcome(site: Site) -> None:
    ended = await site.run("job", "close", JOBS[0], "--reason", "she called back", "--outcome", "completed")
    assert (ended.code, ended.stdout) == (0, "1 call is closed: she called back\n")
    assert record(site).closed_as == "completed"


async def test_a_close_without_an_outcome_cancels_the_order(site: Site) -> None:
    await site.run("job", "close", JOBS[0], "--reason", "too late")
    assert record(site).closed_as == "canceled"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("c0c0", "it is intent, not uncertain"),
        ("dddd", "there is no such job"),
        ("a", "several jobs start with it"),
    ],
)
async def test_what_is_not_one_uncertain_call_is_refused_by_name_and_the_others_go_through(
    site: Site, name: str, why: str
) -> None:
    ended = await site.run("job", "release", name, JOBS[2], "--reason", "x", "-o", "json")
    assert ended.code == 1
    assert [one["why"] for one in ended.document["refused"]] == [why]
    assert [one["job"] for one in ended.document["released"]] == [JOBS[2]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], set(JOBS)),
        (["--older-than", "90m"], set(JOBS[1:])),
        (["--campaign", "Always open", "--phone", "+33140000001"], set(JOBS)),
        (["--campaign", "Without hours"], set()),
    ],
)
async def test_many_are_released_by_campaign_phone_and_age(site: Site, options: list[str], expected: set[str]) -> None:
    ended = await site.run("job", "release", "--all", *options, "--reason", "trunk was down", "--yes", "-o", "json")
    assert ended.code == 0
    assert {one["job"] for one in ended.document["released"]} == expected
    assert await uncertain(site) == set(JOBS) - expected


async def test_many_are_not_changed_where_nobody_can_be_asked(site: Site) -> None:
    ended = await site.run("job", "close", "--all", "--reason", "too late")
    assert ended.code == 2
    assert "3 uncertain calls will be closed. Give --yes where nobody can be asked." in ended.stderr
    assert await uncertain(site) == set(JOBS)


async def test_nothing_uncertain_is_nothing_to_do(site: Site) -> None:
    await site.run("job", "close", "--all", "--reason", "too late", "--yes")
    ended = await site.run("job", "close", "--all", "--reason", "again")
    assert (ended.code, ended.stdout) == (0, "There is no such uncertain call.\n")
