from itertools import product

import pytest

from dispatcher.model.attempt import HOLDING, LIVE, TRANSITIONS, UNBEGUN, State, sources

ENDS = {State.FINISHED, State.REVOKED, State.EXPIRED}


def reachable(start: State) -> set[State]:
    found: set[State] = set()
    edge = {start}
    while edge:
        found |= edge
        edge = {after for state in edge for after in TRANSITIONS[state]} - found
    return found


def test_every_state_says_what_may_follow() -> None:
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("before", "after"), list(product(State, State)))
def test_sources_are_the_transitions_read_backwards(before: State, after: State) -> None:
    assert (before in sources(after)) is (after in TRANSITIONS[before])


def test_an_attempt_begins_as_an_intent_and_can_become_anything() -> None:
    assert sources(State.INTENT) == frozenset()
    assert reachable(State.INTENT) == set(State)


@pytest.mark.parametrize("state", sorted(ENDS))
def test_an_attempt_that_ended_stays_as_it_ended(state: State) -> None:
    assert TRANSITIONS[state] == frozenset()


def test_only_a_late_report_changes_what_a_person_has_released() -> None:
    assert sources(State.RELEASED) == {State.UNCERTAIN}
    assert TRANSITIONS[State.RELEASED] == {State.FINISHED}
    assert State.RELEASED not in HOLDING


@pytest.mark.parametrize("state", sorted(set(State) - ENDS - {State.RELEASED}))
def test_an_attempt_that_has_not_ended_holds_its_order_and_can_end(state: State) -> None:
    assert state in HOLDING
    assert reachable(state) & ENDS


def test_what_was_begun_is_never_revoked() -> None:
    assert sources(State.REVOKED) == UNBEGUN
    assert not reachable(State.DIALING) & {State.REVOKED, *UNBEGUN}


def test_an_uncertain_call_takes_up_no_slot_but_holds_its_order() -> None:
    assert {State.UNCERTAIN} == HOLDING - LIVE
    assert UNBEGUN < LIVE
