"""What retrying cannot mend is kept for a person, with the words of whoever reported it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from dispatcher.hopper.outcomes import Report
from dispatcher.loops.from_hopper.outcomes import apply
from dispatcher.mirror import attempts, dead_letters, do_not_call, orders
from dispatcher.mirror.database import Connection, Database
from dispatcher.mirror.dead_letters import Letter
from dispatcher.model.attempt import State
from dispatcher.model.dead_letter import Reason
from dispatcher.model.outcome import Outcome
from dispatcher.rules.retry import RetryPolicy
from tests.integration.mirror.things import attempt_in, intent, number, put_order

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
TWICE = RetryPolicy(2, {Outcome.FAILED: timedelta(minutes=1), Outcome.BUSY: timedelta(minutes=1)}, 1.0)
ONCE = RetryPolicy(1, TWICE.gaps, 1.0)


def told(
    connection: Connection, /, job: str, word: str, *, policy: RetryPolicy = ONCE, id_: str = "1-1", **more: str
) -> None:
    fields = {"job": job, "outcome": word, **more}
    report = Report(id_, "phone_1", job, None, word, more.get("detail"), None, NOON, fields)
    apply(connection, [report], set(), policy, {}, NOON)


def letters(connection: Connection) -> list[Letter]:
    return dead_letters.listed(connection)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("invalid-number", Reason.INVALID_NUMBER),
        ("failed", Reason.FAILED),
        ("on-holiday", Reason.UNKNOWN_OUTCOME),
    ],
)
def test_an_order_that_a_failure_has_closed_is_kept_with_the_words_of_the_worker(
    connection: Connection, word: str, reason: Reason
) -> None:
    attempt_in(connection, State.DIALING)
    told(connection, "job_1", word, detail="no route")
    [letter] = letters(connection)
    assert (letter.reason, letter.at, letter.job, letter.order) == (reason, NOON, "job_1", "order_1")
    assert (letter.campaign, letter.phone, letter.detail) == ("campaign_1", "phone_1", "no route")
    assert letter.words == {"job": "job_1", "outcome": word, "detail": "no route"}


def test_a_failure_that_is_tried_again_is_no_dead_letter_until_the_last_one(connection: Connection) -> None:
    attempt_in(connection, State.DIALING)
    told(connection, "job_1", "failed", policy=TWICE)
    assert letters(connection) == []
    assert attempts.intend(connection, [intent("job_2", ordinal=2)], NOON) == {"job_2"}
    told(connection, "job_2", "failed", policy=TWICE)
    assert [letter.job for letter in letters(connection)] == ["job_2"]


@pytest.mark.parametrize("word", ["completed", "busy", "do-not-call", "canceled"])
def test_an_ordinary_end_is_no_dead_letter(connection: Connection, word: str) -> None:
    attempt_in(connection, State.DIALING)
    told(connection, "job_1", word)
    record = orders.record(connection, "order_1")
    assert record is not None
    assert record.closed_as is not None
    assert letters(connection) == []


def test_an_outcome_that_is_told_twice_makes_one_letter(connection: Connection) -> None:
    attempt_in(connection, State.DIALING)
    told(connection, "job_1", "failed")
    told(connection, "job_1", "failed", id_="1-2")
    assert len(letters(connection)) == 1


def test_an_outcome_that_two_loops_apply_at_once_is_no_dead_letter(postgres: Callable[[], Database]) -> None:
    """The second has read the attempt before the first has committed, and waits for its row."""
    database = postgres()
    database.run_write(attempt_in, State.DIALING)
    waits = text("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    with ThreadPoolExecutor(1) as thread:
        with database.connect(write=True) as connection:
            told(connection, "job_1", "completed")
            second = thread.submit(lambda: database.run_write(told, "job_1", "completed"))
            while not second.done() and not database.run(lambda other: other.execute(waits).first()):
                time.sleep(0.01)
        second.result()
    assert database.run(letters) == []


@pytest.mark.parametrize(("job", "reason"), [("nobody's", Reason.UNKNOWN_JOB), ("", Reason.MALFORMED)])
def test_an_outcome_of_no_known_call_is_kept_once_however_often_it_is_read(
    connection: Connection, job: str, reason: Reason
) -> None:
    told(connection, job, "completed", something="el\0se")
    told(connection, job, "completed", something="else")
    told(connection, job, "completed", id_="1-2")
    newer, older = letters(connection)
    assert {newer.reason, older.reason} == {reason}
    assert older.words == {"job": job, "outcome": "completed", "something": "else"}
    assert (older.order, older.job) == (None, job or None)


@pytest.mark.parametrize("word", ["begun", "gone"])
def test_less_than_an_outcome_of_an_unknown_call_is_not_kept(connection: Connection, word: str) -> None:
    told(connection, "nobody's", word)
    assert letters(connection) == []


def test_an_outcome_of_a_call_that_was_taken_back_is_kept(connection: Connection) -> None:
    attempt_in(connection, State.QUEUED)
    attempts.give_back(connection, "job_1", "order_1", State.REVOKED, "paused", NOON)
    told(connection, "job_1", "completed")
    [letter] = letters(connection)
    assert (letter.reason, letter.job, letter.order) == (Reason.TAKEN_BACK, "job_1", None)


def test_a_flood_of_reports_that_fit_nothing_is_kept_in_bounds(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "MOST_REPORTS", 3)
    for index in range(5):
        told(connection, "nobody's", "completed", id_=f"1-{index}")
    attempt_in(connection, State.DIALING)
    told(connection, "job_1", "failed")
    assert dead_letters.counts(connection) == dict.fromkeys(Reason, 0) | {Reason.UNKNOWN_JOB: 3, Reason.FAILED: 1}


def test_a_retry_opens_the_order_with_all_its_attempts_before_it(connection: Connection) -> None:
    attempt_in(connection, State.DIALING)
    told(connection, "job_1", "failed")
    assert dead_letters.retry(connection, letters(connection)) == {}
    assert letters(connection) == []
    assert [record.attempts for record in orders.waiting(connection, "campaign_1", NOON, 9)] == [0]
    # Limits hold anew: the next failure closes it again, with a letter of its own.
    assert attempts.intend(connection, [intent("job_2")], NOON) == {"job_2"}
    told(connection, "job_2", "failed")
    assert [letter.job for letter in letters(connection)] == ["job_2"]


def test_a_retry_never_passes_over_the_do_not_call_list(connection: Connection) -> None:
    attempt_in(connection, State.DIALING)
    told(connection, "job_1", "failed")
    do_not_call.add(connection, {number(1): "asked"}, "ann", NOON)
    [letter] = letters(connection)
    assert dead_letters.retry(connection, [letter]) == {letter.id: "the number is on the do-not-call list"}
    record = orders.record(connection, "order_1")
    assert record is not None
    assert record.closed_as == "exhausted"
    assert letters(connection) == [letter]


def test_an_order_that_the_platform_gave_up_is_opened_there_and_not_by_a_retry(connection: Connection) -> None:
    attempt_in(connection, State.DIALING)
    told(connection, "job_1", "failed")
    put_order(connection, "order_1", status="failed", dialable=False)
    [letter] = letters(connection)
    assert dead_letters.retry(connection, [letter]) == {
        letter.id: "the platform has it as failed: set it back to planned there, which opens it here"
    }
    assert letters(connection) == [letter]


def test_a_report_cannot_be_retried_and_can_be_dropped(connection: Connection) -> None:
    told(connection, "nobody's", "completed")
    [letter] = letters(connection)
    assert "drop it" in dead_letters.retry(connection, [letter])[letter.id]
    assert dead_letters.drop(connection, [letter.id]) == 1
    assert dead_letters.drop(connection, [letter.id]) == 0
    assert letters(connection) == []


def test_a_dropped_order_stays_closed(connection: Connection) -> None:
    attempt_in(connection, State.DIALING)
    told(connection, "job_1", "invalid-number")
    dead_letters.drop(connection, [letter.id for letter in letters(connection)])
    record = orders.record(connection, "order_1")
    assert record is not None
    assert record.closed_as == "invalid-number"


def test_a_letter_goes_when_the_platform_opens_or_removes_its_order(connection: Connection) -> None:
    for index in (1, 2, 3):
        attempt_in(connection, State.DIALING, f"job_{index}", f"order_{index}", index)
        told(connection, f"job_{index}", "failed")
    orders.reopen(connection, ["order_1"])
    orders.remove(connection, ["order_2"], NOON)
    assert [letter.order for letter in letters(connection)] == ["order_3"]


def test_the_id_of_a_dropped_letter_never_means_another(connection: Connection) -> None:
    put_order(connection, "order_1")
    told(connection, "nobody's", "completed")
    [first] = letters(connection)
    dead_letters.drop(connection, [first.id])
    told(connection, "nobody's", "completed", id_="1-2")
    assert letters(connection)[0].id > first.id


def test_letters_are_found_by_id_campaign_and_reason(connection: Connection) -> None:
    attempt_in(connection, State.DIALING)
    told(connection, "job_1", "failed")
    told(connection, "nobody's", "completed")
    report, order = letters(connection)
    assert dead_letters.listed(connection, limit=1) == [report]
    assert dead_letters.listed(connection, campaign="campaign_1") == [order]
    assert dead_letters.listed(connection, reason=Reason.UNKNOWN_JOB) == [report]
    assert dead_letters.listed(connection, ids=[order.id, report.id]) == [report, order]
    assert dead_letters.of_order(connection, "order_1") == order
    assert dead_letters.of_order(connection, "order_2") is None
