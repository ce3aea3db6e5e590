"""Calls by number: what counts against the caps of a person."""

import pytest
from sqlalchemy import Connection, event, update

from dispatcher.mirror import attempts, history, tables
from dispatcher.mirror.attempts import ASSUMED, OBSERVED, WORKER
from dispatcher.model.attempt import State
from dispatcher.rules.spacing import Call
from tests.integration.mirror.things import HOUR, NOON, attempt_in, intent, number, put_order

LATER = NOON + HOUR


def calls(connection: Connection, index: int = 1) -> list[Call]:
    return history.calls(connection, [number(index)], NOON - HOUR).get(number(index), [])


@pytest.mark.parametrize("state", [State.INTENT, State.QUEUED])
def test_a_call_that_nobody_has_begun_does_not_count(connection: Connection, state: State) -> None:
    attempt_in(connection, state)
    assert calls(connection) == []


def test_a_call_counts_from_when_its_worker_began_it(connection: Connection) -> None:
    attempt_in(connection, State.QUEUED)
    attempts.begun(connection, "job_1", WORKER, NOON)
    assert calls(connection) == [Call("order_1", NOON)]
    attempts.finish(connection, "job_1", "busy", word="busy", detail=None, call_id=None, at=LATER)
    assert calls(connection) == [Call("order_1", NOON)]
    assert attempts.by_job(connection, ["job_1"])["job_1"].begun_by == WORKER


def test_a_call_that_is_known_by_its_end_alone_counts_from_then(connection: Connection) -> None:
    attempt_in(connection, State.QUEUED)
    attempts.finish(connection, "job_1", "busy", word="busy", detail=None, call_id=None, at=LATER)
    assert calls(connection) == [Call("order_1", LATER)]
    assert attempts.by_job(connection, ["job_1"])["job_1"].begun_by == ASSUMED


def test_a_call_that_was_perhaps_begun_counts(connection: Connection) -> None:
    attempt_in(connection, State.QUEUED)
    attempts.doubt(connection, ["job_1"], "silence", LATER)
    assert calls(connection) == [Call("order_1", LATER)]


def test_a_call_that_proves_not_to_have_been_begun_counts_no_longer(connection: Connection) -> None:
    attempt_in(connection, State.QUEUED)
    attempts.begun(connection, "job_1", OBSERVED, NOON)
    assert len(calls(connection)) == 1
    attempts.give_back(connection, "job_1", "order_1", State.EXPIRED, "gone", LATER)
    assert calls(connection) == []


def test_calls_are_told_by_number_across_campaigns_and_only_recent_ones(connection: Connection) -> None:
    for job, order, campaign, index in (
        ("job_1", "order_1", "campaign_1", 1),
        ("job_2", "order_2", "campaign_2", 1),
        ("job_3", "order_3", "campaign_1", 2),
    ):
        put_order(connection, order, index, campaign=campaign)
        attempts.intend(connection, [intent(job, order, index, campaign=campaign)], NOON)
        attempts.finish(connection, job, "busy", word="busy", detail=None, call_id=None, at=LATER)
    attempt_in(connection, State.QUEUED, "job_0", "order_0", 1)
    attempts.begun(connection, "job_0", WORKER, NOON - 2 * HOUR)
    found = history.calls(connection, [number(1), number(2), number(3)], NOON - HOUR)
    assert {one: sorted(call.order for call in some) for one, some in found.items()} == {
        number(1): ["order_1", "order_2"],
        number(2): ["order_3"],
    }


def test_the_calls_of_a_batch_are_found_by_one_look_into_their_index(connection: Connection) -> None:
    seen: list[tuple[str, object]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        seen.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    history.calls(connection, [number(index) for index in range(50)], NOON)
    event.remove(connection, "before_cursor_execute", note)
    [(statement, parameters)] = seen
    if connection.dialect.name == "sqlite":  # PostgreSQL plans by what is in the table
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()  # type: ignore[arg-type]
        assert "USING INDEX attempts_called (number=? AND begun_at>?)" in " ".join(str(row) for row in plan)


def test_a_decision_is_kept_with_its_attempt(connection: Connection) -> None:
    attempt_in(connection, State.FINISHED)
    assert attempts.by_job(connection, ["job_1"])["job_1"].decision == {"timezone": "UTC"}
    connection.execute(update(tables.attempts).values(decision=None))
    assert attempts.by_job(connection, ["job_1"])["job_1"].decision is None


def test_an_attempt_is_found_by_the_start_of_its_job(connection: Connection) -> None:
    for index, job in enumerate(("0f00aa", "0f00ab", "1234")):
        attempt_in(connection, State.FINISHED, job, f"order_{index}", index)
    assert [one.job for one in history.starting(connection, "1")] == ["1234"]
    assert [one.job for one in history.starting(connection, "0f00aa")] == ["0f00aa"]
    assert len(history.starting(connection, "0f")) == 2
    assert history.starting(connection, "0f01") == []
    assert history.starting(connection, "%") == []
