from collections.abc import Callable
from itertools import product

import pytest
from sqlalchemy import Connection

from dispatcher.mirror import attempts, doubts, orders
from dispatcher.mirror.attempts import OBSERVED, WORKER, Attempt
from dispatcher.mirror.doubts import Word
from dispatcher.model.attempt import HOLDING, LOST, TRANSITIONS, State, sources
from tests.integration.mirror.things import HOUR, NOON, attempt_in

LATER = NOON + HOUR


def _finish(connection: Connection) -> bool:
    return attempts.finish(connection, "job_1", "busy", word="BUSY", detail="engaged", call_id="call_1", at=LATER)


def _release(connection: Connection) -> bool:
    found = attempts.by_job(connection, ["job_1"])
    return bool(found) and doubts.release(connection, found["job_1"], Word("anna", "w", LATER))


MOVES: dict[State, Callable[[Connection], bool]] = {
    State.QUEUED: lambda connection: attempts.queued(connection, [("job_1", "1-0")], LATER) == 1,
    State.DIALING: lambda connection: attempts.begun(connection, "job_1", OBSERVED, LATER),
    State.FINISHED: _finish,
    State.REVOKED: lambda connection: attempts.give_back(connection, "job_1", "order_1", State.REVOKED, "w", LATER),
    State.EXPIRED: lambda connection: attempts.give_back(connection, "job_1", "order_1", State.EXPIRED, "w", LATER),
    State.UNCERTAIN: lambda connection: attempts.doubt(connection, ["job_1"], "silence", LATER) == ["job_1"],
    State.RELEASED: _release,
}


def the_attempt(connection: Connection) -> Attempt:
    return attempts.by_job(connection, ["job_1"])["job_1"]


def holds(connection: Connection) -> bool:
    record = orders.record(connection, "order_1")
    assert record is not None
    return record.live_state is not None


@pytest.mark.parametrize(("before", "after"), list(product(State, MOVES)))
def test_exactly_the_drawn_transitions_are_allowed(connection: Connection, before: State, after: State) -> None:
    attempt_in(connection, before)
    unchanged = the_attempt(connection)
    allowed = after in TRANSITIONS[before]
    assert MOVES[after](connection) is allowed
    found = the_attempt(connection)
    if allowed:
        assert found.state is after
        assert holds(connection) is (after not in {State.REVOKED, State.EXPIRED, State.RELEASED})
    else:
        assert found.state is before
        assert holds(connection)
        assert (found.outcome, found.why, found.ended_at) == (unchanged.outcome, unchanged.why, unchanged.ended_at)


@pytest.mark.parametrize("after", MOVES)
def test_a_second_time_changes_nothing(connection: Connection, after: State) -> None:
    attempt_in(connection, State.INTENT if State.INTENT in sources(after) else State.UNCERTAIN)
    assert MOVES[after](connection)
    first = the_attempt(connection)
    assert not MOVES[after](connection)
    assert the_attempt(connection) == first


@pytest.mark.parametrize("after", MOVES)
def test_an_unknown_job_is_nobodys_attempt(connection: Connection, after: State) -> None:
    assert not MOVES[after](connection)


def test_each_transition_notes_when_and_why(connection: Connection) -> None:
    attempt_in(connection, State.INTENT)
    MOVES[State.QUEUED](connection)
    assert (the_attempt(connection).entry, the_attempt(connection).queued_at) == ("1-0", LATER)
    MOVES[State.DIALING](connection)
    assert (the_attempt(connection).begun_by, the_attempt(connection).begun_at) == (OBSERVED, LATER)
    MOVES[State.UNCERTAIN](connection)
    assert (the_attempt(connection).why, the_attempt(connection).ended_at) == ("silence", LATER)
    _finish(connection)
    found = the_attempt(connection)
    assert (found.outcome, found.detail, found.call_id) == ("busy", "engaged", "call_1")


@pytest.mark.parametrize("before", [State.DIALING, State.UNCERTAIN])
def test_a_workers_word_outweighs_what_was_concluded(connection: Connection, before: State) -> None:
    attempt_in(connection, State.QUEUED)
    attempts.begun(connection, "job_1", OBSERVED, NOON)
    if before is State.UNCERTAIN:
        attempts.doubt(connection, ["job_1"], "silence", NOON)
    assert not attempts.begun(connection, "job_1", WORKER, LATER)
    found = the_attempt(connection)
    assert (found.state, found.begun_by, found.begun_at) == (before, WORKER, NOON)


def test_what_was_concluded_does_not_outweigh_a_workers_word(connection: Connection) -> None:
    attempt_in(connection, State.QUEUED)
    attempts.begun(connection, "job_1", WORKER, NOON)
    attempts.begun(connection, "job_1", OBSERVED, LATER)
    assert the_attempt(connection).begun_by == WORKER


@pytest.mark.parametrize("before", [State.DIALING, State.FINISHED])
def test_the_entry_of_a_call_whose_worker_was_quicker_is_noted(connection: Connection, before: State) -> None:
    attempt_in(connection, before)
    assert attempts.queued(connection, [("job_1", "1-0")], LATER) == 0
    found = the_attempt(connection)
    assert (found.state, found.entry, found.queued_at) == (before, "1-0", LATER)


def test_the_entry_that_a_worker_has_claimed_is_noted_where_none_is(connection: Connection) -> None:
    attempt_in(connection, State.INTENT)
    attempts.begun(connection, "job_1", OBSERVED, NOON)
    attempts.begun(connection, "job_1", WORKER, LATER, "1-0")
    assert (the_attempt(connection).entry, the_attempt(connection).queued_at) == ("1-0", None)
    attempts.begun(connection, "job_1", WORKER, LATER, "2-0")
    assert the_attempt(connection).entry == "1-0"
    attempts.queued(connection, [("job_1", "3-0")], LATER)
    assert (the_attempt(connection).entry, the_attempt(connection).queued_at) == ("3-0", LATER)


@pytest.mark.parametrize("after", [State.REVOKED, State.EXPIRED])
def test_no_proof_from_before_a_loss_gives_back_what_redis_has_forgotten(connection: Connection, after: State) -> None:
    attempt_in(connection, State.QUEUED)
    attempts.doubt(connection, ["job_1"], LOST, NOON)
    assert not MOVES[after](connection)
    found = the_attempt(connection)
    assert (found.state, found.why) == (State.UNCERTAIN, LOST)
    assert holds(connection)
    assert _finish(connection)


def test_only_what_it_held_for_is_in_doubt(connection: Connection) -> None:
    attempt_in(connection, State.QUEUED, "job_1", "order_1", 1)
    attempt_in(connection, State.FINISHED, "job_2", "order_2", 2)
    assert attempts.doubt(connection, ["job_1", "job_2", "job_3"], "lost", LATER) == ["job_1"]


@pytest.mark.parametrize("state", sorted(HOLDING))
def test_a_held_order_is_taken_by_nobody_else(connection: Connection, state: State) -> None:
    attempt_in(connection, state)
    assert not orders.take(connection, "order_1", "job_2")
