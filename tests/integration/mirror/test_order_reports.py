from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from dispatcher.mirror import attempts, imports, order_reports, orders, tables
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
    assert due(connection) == [Owed("order_1", "campaign_1", "contacted", NOON, 0)]
    assert order_reports.count(connection) == 1
    order_reports.told(connection, due(connection))
    assert (due(connection), order_reports.count(connection)) == ([], 0)


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
    assert due(connection, NOON + HOUR) == [Owed("order_1", "campaign_1", "no-answer", NOON + HOUR, 0)]


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
    assert (due(connection, NOON + DAY), order_reports.count(connection)) == ([], 0)
    table = tables.order_reports
    kept = connection.execute(select(table.c.tries, table.c.fault, table.c.given_up_at)).one()
    assert tuple(kept) == (2, "it answers 404", NOON + HOUR)
    order_reports.drop_given_up(connection, NOON + HOUR)
    assert connection.execute(select(table)).first() is not None
    order_reports.drop_given_up(connection, NOON + DAY)
    assert connection.execute(select(table)).first() is None


@pytest.mark.parametrize("act", ["reopen", "remove"])
def test_what_somebody_has_planned_since_is_not_undone_by_a_late_word(connection: Connection, act: str) -> None:
    ended(connection, Outcome.COMPLETED, "completed")
    if act == "reopen":
        orders.reopen(connection, ["order_1"])
    else:
        orders.remove(connection, ["order_1"], NOON)
    assert due(connection) == []
