from datetime import timedelta

import pytest
from sqlalchemy import Connection

from dispatcher.mirror import attempts, imports, order_reports, orders
from dispatcher.mirror.order_reports import Owed
from dispatcher.model.outcome import Outcome
from dispatcher.rules.order_file import Line, Wanted
from tests.integration.mirror.things import HOUR, NOON, intent, number, put_order

DAY = timedelta(days=1)


def ended(connection: Connection, outcome: Outcome, closed_as: str | None = None) -> None:
    """Let order_1 have been called."""
    put_order(connection, "order_1")
    attempts.intend(connection, [intent("job_1")], NOON)
    orders.spend(connection, "order_1", "job_1", closed_as=closed_as, retry_at=None, at=NOON)
    order_reports.owe(connection, {"order_1": outcome}, NOON)


def due(connection: Connection, at: object = NOON) -> list[Owed]:
    return order_reports.due(connection, at, 100)  # type: ignore[arg-type]


def test_what_became_of_a_call_is_owed_until_the_platform_was_told(connection: Connection) -> None:
    ended(connection, Outcome.COMPLETED, "completed")
    assert due(connection, NOON - HOUR) == []
    assert due(connection) == [Owed("order_1", "campaign_1", "contacted", NOON, 0, NOON, None, None)]
    assert order_reports.counts(connection) == (1, 0)
    order_reports.told(connection, due(connection))
    assert (due(connection), order_reports.counts(connection)) == ([], (0, 0))


def test_a_call_that_failed_is_told_only_when_it_ends_its_order(connection: Connection) -> None:
    ended(connection, Outcome.FAILED)
    assert due(connection) == []
    ended(connection, Outcome.FAILED, "exhausted")
    assert [one.status for one in due(connection)] == ["failed"]


def test_the_last_word_takes_the_place_of_the_one_before_also_while_that_is_told(connection: Connection) -> None:
    ended(connection, Outcome.BUSY)
    [before] = due(connection)
    order_reports.failed(connection, before, "busy", NOON + HOUR, NOON)
    order_reports.owe(connection, {"order_1": Outcome.NO_ANSWER}, NOON + HOUR)
    order_reports.told(connection, [before])
    order_reports.failed(connection, before, "late", None, NOON)
    [after] = due(connection, NOON + HOUR)
    assert (after.status, after.since, after.tries, after.fault) == ("no-answer", NOON + HOUR, 0, None)


def test_the_platform_knows_nothing_of_an_order_out_of_a_file(connection: Connection) -> None:
    line = Line(2, "text", Wanted(number(1)))
    imports.bring(connection, "campaign_1", [line], NOON, dry_run=False)
    [found] = orders.waiting(connection, "campaign_1", NOON, 1)
    order_reports.owe(connection, {found.order.uuid: Outcome.COMPLETED}, NOON)
    assert due(connection) == []


def test_a_try_that_failed_waits_and_one_given_up_is_kept_for_a_while(connection: Connection) -> None:
    ended(connection, Outcome.COMPLETED, "completed")
    order_reports.failed(connection, due(connection)[0], "it answers 500", NOON + HOUR, NOON)
    assert due(connection) == []
    [again] = due(connection, NOON + HOUR)
    assert again.tries == 1
    order_reports.failed(connection, again, "it answers 404", None, NOON + HOUR)
    assert (due(connection, NOON + DAY), order_reports.counts(connection)) == ([], (0, 1))
    [kept] = order_reports.listed(connection, campaign="campaign_1", given_up=True)
    assert (kept.tries, kept.fault, kept.given_up_at) == (2, "it answers 404", NOON + HOUR)
    order_reports.drop_given_up(connection, NOON + HOUR)
    assert order_reports.listed(connection, given_up=False) == []
    assert order_reports.listed(connection) == [kept]
    order_reports.drop_given_up(connection, NOON + DAY)
    assert order_reports.listed(connection) == []


def test_what_was_given_up_is_told_again_with_all_its_tries(connection: Connection) -> None:
    ended(connection, Outcome.COMPLETED, "completed")
    assert order_reports.retry(connection, ["order_1"], NOON) == set(), "nothing of it was given up"
    for _ in range(3):
        order_reports.failed(connection, due(connection)[0], "it answers 500", NOON, NOON)
    order_reports.failed(connection, due(connection)[0], "it answers 404", None, NOON)
    assert order_reports.retry(connection, ["order_1", "order_2"], NOON + HOUR) == {"order_1"}
    assert due(connection) == []
    [again] = due(connection, NOON + HOUR)
    assert (again.tries, again.given_up_at) == (0, None)
    assert order_reports.counts(connection) == (1, 0)


@pytest.mark.parametrize("act", ["reopen", "remove"])
def test_what_somebody_has_planned_since_is_not_undone_by_a_late_word(connection: Connection, act: str) -> None:
    ended(connection, Outcome.COMPLETED, "completed")
    if act == "reopen":
        orders.reopen(connection, ["order_1"])
    else:
        orders.remove(connection, ["order_1"], NOON)
    assert due(connection) == []
