"""What the platform could not be told of orders, by the command line."""

from datetime import UTC, datetime

import pytest

from dispatcher.mirror import order_reports, orders
from dispatcher.mirror.database import Connection, Database
from dispatcher.model.outcome import Outcome
from tests.integration.cli.conftest import OPEN, ORDER, SHUT, Site

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
WAITING = "order_2"


@pytest.fixture
async def untold(site: Site) -> Site:
    """The platform refused to be told of one order, and is still to be told of another."""
    site.changes["DISPATCHER_REPORT__ORDERS"] = "true"
    site.store.add_order(OPEN, "+33612345679", uuid=WAITING)
    await site.sync()

    def end(connection: Connection) -> None:
        for order in (ORDER, WAITING):
            assert orders.take(connection, order, f"job of {order}")
            orders.spend(connection, order, f"job of {order}", closed_as="completed", retry_at=None, at=NOON)
        order_reports.owe(connection, dict.fromkeys((ORDER, WAITING), Outcome.COMPLETED), NOON)
        for one in order_reports.due(connection, NOON, 9):
            if one.order == ORDER:
                order_reports.failed(connection, one, "the platform answers 404", None, NOON)

    database = Database(site.settings["DISPATCHER_DATABASE__URL"])
    database.run_write(end)
    database.close()
    return site


async def test_what_was_given_up_and_what_waits_is_listed_with_why(untold: Site) -> None:
    document = (await untold.run("reports", "list", "-o", "json")).document
    assert (document["enabled"], document["waiting"], document["given_up"]) == (True, 1, 1)
    by_order = {one["order"]: one for one in document["reports"]}
    assert by_order[ORDER] == {
        "order": ORDER,
        "campaign": OPEN,
        "status": "contacted",
        "state": "given-up",
        "since": "2026-01-12T12:00:00Z",
        "tries": 1,
        "fault": "the platform answers 404",
        "next_at": None,
        "given_up_at": "2026-01-12T12:00:00Z",
    }
    assert (by_order[WAITING]["state"], by_order[WAITING]["next_at"]) == ("waiting", "2026-01-12T12:00:00Z")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--state", "given-up"], [ORDER]),
        (["--state", "waiting", "--campaign", "Always open"], [WAITING]),
        (["--campaign", SHUT], []),
        (["--limit", "1"], [ORDER]),
    ],
)
async def test_the_list_is_narrowed(untold: Site, options: list[str], expected: list[str]) -> None:
    document = (await untold.run("reports", "list", *options, "-o", "json")).document
    assert [one["order"] for one in document["reports"]] == expected


async def test_the_table_and_the_status_say_what_to_do(untold: Site) -> None:
    shown = (await untold.run("reports", "list")).stdout
    assert "the platform answers 404" in shown
    assert "`dispatcher reports retry ORDER`" in shown
    assert "`dispatcher reports list` shows 1" in (await untold.run("status")).stdout
    assert (await untold.run("status", "-o", "json")).document["reports_given_up"] == 1


async def test_it_is_told_again_if_somebody_asks_for_it(untold: Site) -> None:
    ended = await untold.run("reports", "retry", ORDER, WAITING, "-o", "json")
    assert (ended.code, ended.document) == (
        1,
        {"retried": {"reports": 1, "refused": [{"order": WAITING, "why": "nothing of it was given up"}]}},
    )
    assert (await untold.run("reports", "list", "-o", "json")).document["waiting"] == 2


async def test_all_of_a_campaign_is_told_again(untold: Site) -> None:
    assert (await untold.run("reports", "retry", "--all", "--campaign", SHUT)).stdout == "0 orders are told again.\n"
    assert (await untold.run("reports", "retry", "--all", "--campaign", OPEN)).stdout == "1 order is told again.\n"
    assert (await untold.run("reports", "list", "--state", "given-up")).stdout == "Nothing is left untold.\n"


async def test_where_nothing_is_told_at_all_that_is_said(untold: Site) -> None:
    untold.changes["DISPATCHER_REPORT__ORDERS"] = "false"
    assert "report.orders is off" in (await untold.run("reports", "list")).stdout
    assert "report.orders is off" in (await untold.run("reports", "retry", "--all")).stdout


@pytest.mark.parametrize("arguments", [[], [ORDER, "--all"], [ORDER, "--campaign", OPEN]], ids=str)
async def test_it_is_never_guessed_which_are_meant(untold: Site, arguments: list[str]) -> None:
    assert (await untold.run("reports", "retry", *arguments)).code == 2
    assert (await untold.run("reports", "list", "-o", "json")).document["given_up"] == 1


async def test_a_campaign_that_is_not_there_is_not_found(untold: Site) -> None:
    for command in (["list"], ["retry", "--all"]):
        ended = await untold.run("reports", *command, "--campaign", "nobody's")
        assert ended.code == 1
        assert "there is no campaign" in ended.stderr
