"""The audit must find what it looks for; a demo that cannot fail proves nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.demo.audit import Audit, audit
from dispatcher.demo.phone_log import Begun
from dispatcher.mirror.attempts import Attempt
from dispatcher.model.attempt import State

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday
MINUTE = timedelta(minutes=1)
CAMPAIGN = {"timezone": "Europe/London", "schedule": {"wed": {"start": "09:00", "end": "17:00"}}}

CALL = Begun(NOON, "job_1", "order_1", "campaign_1", "+12125550100")
ATTEMPT = Attempt(
    job="job_1",
    order="order_1",
    campaign="campaign_1",
    phone="phone_1",
    number="+12125550100",
    ordinal=1,
    state=State.FINISHED,
    basis="",
    not_after=NOON + MINUTE,
    entry="1-1",
    created_at=NOON,
    queued_at=NOON,
    begun_at=NOON,
    begun_by="worker",
    ended_at=NOON + MINUTE,
    outcome="completed",
    detail=None,
    call_id=None,
    why=None,
    decision=None,
)


def found(begun: list[Begun], attempts: list[Attempt], schedule: object = None) -> Audit:
    campaign = CAMPAIGN if schedule is None else {**CAMPAIGN, "schedule": schedule}
    return audit(begun, attempts, {"campaign_1": campaign})


def test_a_call_that_was_begun_and_ended_in_hours_is_clean() -> None:
    assert found([CALL], [ATTEMPT]).clean


def test_a_job_that_was_begun_twice_is_a_duplicate() -> None:
    assert len(found([CALL, CALL], [ATTEMPT]).duplicates) == 1


@pytest.mark.parametrize("same", ["order", "number"])
def test_a_second_call_before_the_first_has_ended_is_a_duplicate(same: str) -> None:
    second = replace(CALL, job="job_2", at=NOON + MINUTE / 2, order="order_2", number="+12125550101")
    second = replace(second, **{same: getattr(CALL, same)})
    attempts = [ATTEMPT, replace(ATTEMPT, job="job_2")]
    assert len(found([CALL, second], attempts).duplicates) == 1
    assert found([CALL, replace(second, at=NOON + 2 * MINUTE)], attempts).clean


@pytest.mark.parametrize("state", [State.INTENT, State.QUEUED, State.DIALING, State.UNCERTAIN])
def test_an_attempt_that_never_ended_is_lost(state: State) -> None:
    assert found([], [replace(ATTEMPT, state=state, ended_at=None)]).lost


def test_a_call_whose_outcome_is_nowhere_is_lost() -> None:
    assert found([CALL], []).lost
    assert found([CALL], [replace(ATTEMPT, state=State.EXPIRED)]).lost


def test_an_outcome_of_a_call_that_nobody_began_is_found() -> None:
    assert found([], [ATTEMPT]).lost


@pytest.mark.parametrize(
    ("at", "clean"),
    [
        (NOON.replace(hour=9), True),
        (NOON.replace(hour=9) - timedelta(milliseconds=1), False),
        (NOON.replace(hour=17) - timedelta(milliseconds=1), True),
        (NOON.replace(hour=17), False),
        (NOON + timedelta(days=1), False),
    ],
)
def test_a_call_outside_the_schedule_is_found(at: datetime, *, clean: bool) -> None:
    assert found([replace(CALL, at=at)], [ATTEMPT]).clean is clean


@pytest.mark.parametrize(
    ("hour", "day", "clean"), [(23, 18, True), (1, 19, True), (2, 19, False), (1, 18, False), (21, 18, False)]
)
def test_a_window_past_midnight_belongs_to_the_day_on_which_it_starts(hour: int, day: int, *, clean: bool) -> None:
    night = {"wed": [{"start": "22:00", "end": "02:00"}]}
    assert found([replace(CALL, at=NOON.replace(hour=hour, day=day))], [ATTEMPT], night).clean is clean
