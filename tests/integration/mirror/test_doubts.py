"""Somebody's word on a call of which nobody knows what became."""

import pytest
from sqlalchemy import Connection, update

from dispatcher.mirror import attempts, do_not_call, doubts, orders, tables
from dispatcher.mirror.attempts import Attempt
from dispatcher.mirror.doubts import Word
from dispatcher.model.attempt import LOST, State
from dispatcher.model.order import OrderRecord, OrderStatus
from dispatcher.model.outcome import Outcome
from tests.integration.mirror.things import HOUR, NOON, attempt_in, intent, put_order

LATER = NOON + HOUR
WORD = Word("anna", "the carrier has no such call", LATER)


def in_doubt(connection: Connection, job: str = "job_1", order: str = "order_1", index: int = 1) -> Attempt:
    attempt_in(connection, State.QUEUED, job, order, index)
    assert attempts.doubt(connection, [job], LOST, NOON) == [job]
    return the_attempt(connection, job)


def the_attempt(connection: Connection, job: str = "job_1") -> Attempt:
    return attempts.by_job(connection, [job])[job]


def the_order(connection: Connection) -> OrderRecord:
    record = orders.record(connection, "order_1")
    assert record is not None
    return record


def test_a_released_order_may_be_dialled_again_and_has_spent_no_attempt(connection: Connection) -> None:
    attempt = in_doubt(connection)
    assert doubts.release(connection, attempt, WORD)
    found = the_attempt(connection)
    assert (found.state, found.why) == (State.RELEASED, LOST)
    assert (found.settled_by, found.settled_why, found.settled_at) == (WORD.by, WORD.why, WORD.at)
    assert (the_order(connection).live_state, the_order(connection).attempts) == (None, 0)
    assert attempts.intend(connection, [intent("job_2")], LATER) == {"job_2"}


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.GONE])
def test_a_closed_order_ends_with_its_outcome_whatever_that_is(connection: Connection, outcome: Outcome) -> None:
    attempt = in_doubt(connection)
    assert doubts.close(connection, attempt, outcome, WORD)
    found = the_attempt(connection)
    assert (found.state, found.outcome, found.settled_by) == (State.FINISHED, outcome, "anna")
    record = the_order(connection)
    assert (record.live_state, record.closed_as, record.attempts, record.retry_at) == (None, outcome, 1, None)
    assert record.forbidden is (outcome is Outcome.DO_NOT_CALL)
    assert not attempts.intend(connection, [intent("job_2")], LATER)


def test_who_asked_not_to_be_called_is_on_the_list_by_the_one_who_said_so(connection: Connection) -> None:
    doubts.close(connection, in_doubt(connection), Outcome.DO_NOT_CALL, WORD)
    [entry] = do_not_call.listed(connection, 9)
    assert entry.added_by == "anna"


@pytest.mark.parametrize("state", sorted(set(State) - {State.UNCERTAIN}))
def test_what_is_not_uncertain_is_neither_released_nor_closed(connection: Connection, state: State) -> None:
    attempt_in(connection, state)
    attempt = the_attempt(connection)
    assert not doubts.release(connection, attempt, WORD)
    assert not doubts.close(connection, attempt, Outcome.COMPLETED, WORD)
    assert the_attempt(connection) == attempt


def test_a_word_counts_once(connection: Connection) -> None:
    attempt = in_doubt(connection)
    assert doubts.release(connection, attempt, WORD)
    assert not doubts.release(connection, attempt, WORD)
    assert not doubts.close(connection, attempt, Outcome.COMPLETED, WORD)
    assert the_order(connection).closed_as is None


def report(connection: Connection, job: str) -> bool:
    finished = attempts.finish(connection, job, "completed", word="completed", detail=None, call_id=None, at=LATER)
    if finished:
        orders.spend(connection, "order_1", job, closed_as="completed", retry_at=None, at=LATER)
    return finished


def test_a_late_report_outweighs_the_word_and_closes_the_order(connection: Connection) -> None:
    doubts.release(connection, in_doubt(connection), WORD)
    assert report(connection, "job_1")
    assert the_attempt(connection).state is State.FINISHED
    assert (the_order(connection).closed_as, the_order(connection).attempts) == ("completed", 1)
    assert not attempts.intend(connection, [intent("job_2")], LATER)


def test_a_late_report_leaves_the_next_attempt_in_charge_of_the_order_that_it_closes(connection: Connection) -> None:
    doubts.release(connection, in_doubt(connection), WORD)
    assert attempts.intend(connection, [intent("job_2")], LATER) == {"job_2"}
    assert report(connection, "job_1")
    record = the_order(connection)
    assert (record.closed_as, record.live_state) == ("completed", State.INTENT)
    assert attempts.give_back(connection, "job_2", "order_1", State.REVOKED, "order_closed", LATER)
    assert the_order(connection).live_state is None


def test_the_uncertain_are_found_by_phone_campaign_and_age(connection: Connection) -> None:
    in_doubt(connection)
    attempt_in(connection, State.DIALING, "job_2", "order_2", 2)

    def jobs(**asked: object) -> list[str]:
        return [one.job for one in doubts.uncertain(connection, **asked)]  # type: ignore[arg-type]

    assert jobs() == jobs(phone="phone_1", campaign="campaign_1", before=LATER) == ["job_1"]
    assert jobs(phone="phone_2") == jobs(campaign="campaign_2") == jobs(before=NOON) == []


def test_those_held_after_a_loss_are_counted_apart(connection: Connection) -> None:
    in_doubt(connection)
    attempt_in(connection, State.DIALING, "job_2", "order_2", 2)
    attempts.doubt(connection, ["job_2"], "silence", NOON)
    assert doubts.held(connection) == (2, 1)


def test_an_uncertain_call_is_told_with_the_status_of_its_order(connection: Connection) -> None:
    in_doubt(connection)
    put_order(connection, "order_1", status="contacted")
    attempt_in(connection, State.DIALING, "job_2", "order_2", 2)
    assert [(one.job, status) for one, status in doubts.told(connection)] == [("job_1", OrderStatus.CONTACTED)]


def test_of_an_order_out_of_a_file_the_platform_can_tell_nothing(connection: Connection) -> None:
    in_doubt(connection)
    connection.execute(update(tables.orders).values(imported_at=NOON))
    assert doubts.told(connection) == []
