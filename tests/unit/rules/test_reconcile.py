from collections.abc import Iterable
from datetime import timedelta

import pytest

from dispatcher.model.attempt import HOLDING, LIVE, State
from dispatcher.rules.reconcile import SETTLING, Entry, Finding, Job, Kind, Lane, Truth, compare
from tests.unit.rules.things import NOON

ENTRY = Entry("1-0", "job_1", "order_1")
LONG_AGO = NOON - timedelta(hours=1)


def a_job(state: State = State.QUEUED, **changes: object) -> Job:
    values = {"job": "job_1", "order": "order_1", "phone": "phone_1", "state": state, "queued_at": LONG_AGO}
    return Job(**(values | changes))  # type: ignore[arg-type]


def truth(*jobs: Job, orders: dict[str, str | None] | None = None, phones: Iterable[str] = ("phone_1",)) -> Truth:
    held: dict[str, str | None] = {one.order: one.job for one in jobs if one.state in HOLDING}
    return Truth({one.job: one for one in jobs}, held if orders is None else orders, set(phones))


def lane(*entries: Entry, listed: bool = True, reported: Iterable[str] = (), whole: bool = True) -> Lane:
    return Lane("phone_1", listed, entries, frozenset(reported), whole)


def kinds(truth: Truth, *lanes: Lane) -> list[Kind]:
    return [finding.kind for finding in compare(truth, lanes, NOON)]


@pytest.mark.parametrize("state", sorted(LIVE))
def test_a_live_call_with_its_entry_and_its_order_is_as_it_should_be(state: State) -> None:
    assert compare(truth(a_job(state)), [lane(ENTRY)], NOON) == []


def test_an_entry_that_leads_to_no_attempt_is_found() -> None:
    assert compare(truth(), [lane(ENTRY)], NOON) == [
        Finding(Kind.ENTRY_OF_UNKNOWN_JOB, "phone_1", "job_1", "order_1", "1-0")
    ]


@pytest.mark.parametrize("state", sorted(set(State) - LIVE))
def test_an_entry_that_outlives_its_attempt_is_found(state: State) -> None:
    assert compare(truth(a_job(state)), [lane(ENTRY)], NOON) == [
        Finding(Kind.ENTRY_OF_ENDED_JOB, "phone_1", "job_1", "order_1", "1-0")
    ]


def test_a_queued_call_that_redis_has_nothing_of_is_found() -> None:
    assert compare(truth(a_job()), [lane()], NOON) == [Finding(Kind.CALL_WITHOUT_ENTRY, "phone_1", "job_1", "order_1")]


def test_a_call_whose_report_waits_to_be_applied_is_not_missed() -> None:
    assert kinds(truth(a_job()), lane(reported=["job_1"])) == []


@pytest.mark.parametrize("queued_at", [None, NOON, NOON - SETTLING])
def test_a_call_that_may_have_been_queued_after_the_look_is_not_missed(queued_at: object) -> None:
    assert kinds(truth(a_job(queued_at=queued_at)), lane()) == []


@pytest.mark.parametrize("state", sorted(set(HOLDING) - {State.QUEUED}))
def test_only_a_queued_call_must_have_an_entry(state: State) -> None:
    assert kinds(truth(a_job(state)), lane()) == []


def test_nothing_is_missed_where_not_all_was_read() -> None:
    assert kinds(truth(a_job()), lane(whole=False)) == []
    assert kinds(truth(a_job())) == []


def test_a_report_of_a_job_that_nobody_knows_is_found_once() -> None:
    assert compare(truth(), [lane(reported=["job_2", "job_2"])], NOON) == [
        Finding(Kind.REPORT_OF_UNKNOWN_JOB, "phone_1", "job_2")
    ]


@pytest.mark.parametrize("reported", [[], ["job_1"]])
def test_a_phone_with_calls_that_dialers_are_not_told_of_is_found(reported: list[str]) -> None:
    assert kinds(truth(a_job()), lane(ENTRY, listed=False, reported=reported)) == [Kind.UNLISTED_PHONE]


def test_reports_on_a_phone_that_nobody_reads_are_found() -> None:
    finished = truth(a_job(State.FINISHED))
    assert kinds(finished, lane(listed=False, reported=["job_1"])) == [Kind.UNLISTED_PHONE]
    assert kinds(finished, lane(listed=False)) == []


def test_a_phone_that_the_platform_has_no_more_and_nobody_uses_is_found() -> None:
    gone = truth(phones=())
    assert kinds(gone, lane()) == [Kind.STRAY_PHONE]
    assert kinds(truth(), lane()) == []
    assert kinds(gone, lane(listed=False)) == []
    assert kinds(truth(a_job(State.UNCERTAIN), phones=()), lane()) == []
    assert kinds(truth(a_job(State.FINISHED), phones=()), lane(reported=["job_1"])) == []
    assert kinds(truth(a_job(State.FINISHED), phones=()), lane(ENTRY)) == [Kind.ENTRY_OF_ENDED_JOB]


@pytest.mark.parametrize("state", sorted(set(State) - HOLDING))
def test_an_order_that_an_ended_attempt_holds_is_found(state: State) -> None:
    assert compare(truth(a_job(state), orders={"order_1": "job_1"}), [], NOON) == [
        Finding(Kind.ORDER_OF_ENDED_JOB, "phone_1", "job_1", "order_1")
    ]


def test_an_order_that_nobody_knows_who_holds_is_found() -> None:
    assert compare(truth(orders={"order_1": "job_9"}), [], NOON) == [
        Finding(Kind.ORDER_OF_UNKNOWN_JOB, job="job_9", order="order_1")
    ]


@pytest.mark.parametrize("orders", [{"order_1": None}, {}])
def test_an_attempt_whose_order_is_free_is_found(orders: dict[str, str | None]) -> None:
    found = compare(truth(a_job(State.DIALING), orders=orders), [], NOON)
    assert found == [Finding(Kind.JOB_WITHOUT_ITS_ORDER, "phone_1", "job_1", "order_1")]
