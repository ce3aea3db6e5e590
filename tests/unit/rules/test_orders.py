from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.model.order import DIALABLE, OrderStatus
from dispatcher.rules.eligibility import order_reasons
from dispatcher.rules.orders import CALLBACK, NEW, RETRY, judge
from tests.unit.rules.things import LONDON, NOON, a_record, an_order

HOUR = timedelta(hours=1)
statuses = st.sampled_from(OrderStatus)
moments = st.none() | st.sampled_from([NOON - HOUR, NOON, NOON + HOUR])


def test_a_new_planned_order_is_dialable_and_comes_last() -> None:
    judged = judge(an_order(number="+44 20 7946 0018"), None)
    assert (judged.e164, judged.fault, judged.dialable) == (LONDON, None, True)
    assert (judged.rank, judged.reopened) == (NEW, False)


@pytest.mark.parametrize(
    ("changes", "dialable", "fault"),
    [
        ({"number": "12345"}, False, "international form"),
        ({"number": None}, False, "no number to call"),
        ({"fault": "record is null"}, False, "record is null"),
        ({"fault": "record is null", "number": None}, False, "record is null"),
        ({"status": OrderStatus.SCHEDULED}, False, None),
        ({"status": OrderStatus.SCHEDULED, "scheduled_at": NOON}, True, None),
        ({"status": OrderStatus.CONTACTED}, False, None),
    ],
)
def test_an_order_is_dialable_by_its_status_number_and_time(
    changes: dict[str, Any], dialable: bool, fault: str | None
) -> None:
    judged = judge(an_order(**changes), None)
    assert judged.dialable is dialable
    assert fault is None if judged.fault is None else fault is not None and fault in judged.fault


@pytest.mark.parametrize(
    ("status", "attempts", "rank"),
    [
        (OrderStatus.SCHEDULED, 0, CALLBACK),
        (OrderStatus.SCHEDULED, 2, CALLBACK),
        (OrderStatus.BUSY, 0, RETRY),
        (OrderStatus.NO_ANSWER, 0, RETRY),
        (OrderStatus.PLANNED, 1, RETRY),
        (OrderStatus.PLANNED, 0, NEW),
    ],
)
def test_callbacks_come_before_retries_and_those_before_new_orders(
    status: OrderStatus, attempts: int, rank: int
) -> None:
    assert judge(an_order(status=status, scheduled_at=NOON), a_record(attempts=attempts)).rank == rank


@pytest.mark.parametrize(
    ("before", "now", "reopened"),
    [
        # A user's act: back to planned from where the platform left it.
        ({"status": OrderStatus.CONTACTED}, {"status": OrderStatus.PLANNED}, True),
        ({"status": OrderStatus.CANCELED}, {"status": OrderStatus.SCHEDULED, "scheduled_at": NOON}, True),
        # What the platform saw of our own call.
        ({"status": OrderStatus.CALLING}, {"status": OrderStatus.BUSY}, False),
        ({"status": OrderStatus.CALLING}, {"status": OrderStatus.NO_ANSWER}, False),
        ({"status": OrderStatus.CALLING}, {"status": OrderStatus.PLANNED}, False),
        ({"status": OrderStatus.CANCELED}, {"status": OrderStatus.BUSY}, False),
        ({"status": OrderStatus.UNKNOWN}, {"status": OrderStatus.PLANNED}, False),
        # The platform still shows what it showed before.
        ({"status": OrderStatus.PLANNED}, {"status": OrderStatus.PLANNED}, False),
        ({"status": OrderStatus.PLANNED}, {"status": OrderStatus.BUSY}, False),
        ({"status": OrderStatus.PLANNED}, {"status": OrderStatus.CONTACTED}, False),
        ({"status": OrderStatus.CONTACTED}, {"status": OrderStatus.CANCELED}, False),
        # Scheduled anew, after it was finished at NOON.
        ({"scheduled_at": NOON - HOUR}, {"scheduled_at": NOON + HOUR}, True),
        ({"scheduled_at": None}, {"scheduled_at": NOON + HOUR}, True),
        ({"scheduled_at": NOON + HOUR}, {"scheduled_at": NOON + HOUR}, False),
        ({"scheduled_at": None}, {"scheduled_at": NOON}, False),
        ({"scheduled_at": NOON + HOUR}, {"scheduled_at": None}, False),
    ],
)
def test_a_finished_order_opens_again_by_a_users_act_only(
    before: dict[str, Any], now: dict[str, Any], reopened: bool
) -> None:
    known = a_record(an_order(**before), closed_as="completed", closed_at=NOON, attempts=1)
    judged = judge(an_order(**now), known)
    assert judged.reopened is reopened


@pytest.mark.parametrize(
    ("facts", "reopened"),
    [
        # On no list of orders that are or may be called when its call was over: somebody has planned it since.
        ({"unlisted_at": NOON}, True),
        ({"unlisted_at": NOON + HOUR}, True),
        # It may have been called while that was read.
        ({"unlisted_at": NOON - HOUR}, False),
        ({"unlisted_at": NOON + HOUR, "closed_at": None}, False),
        # Lost altogether, and found again.
        ({"unlisted_at": NOON + HOUR, "removed": True}, False),
    ],
)
@pytest.mark.parametrize("status", [OrderStatus.PLANNED, OrderStatus.CALLING])
def test_a_finished_order_that_no_list_had_opens_again_when_it_is_planned(
    facts: dict[str, Any], reopened: bool, status: OrderStatus
) -> None:
    known = a_record(an_order(status=status), **({"closed_as": "completed", "closed_at": NOON, "attempts": 1} | facts))
    assert judge(an_order(), known).reopened is reopened


def test_an_order_that_opens_again_counts_as_new() -> None:
    known = a_record(an_order(status=OrderStatus.CONTACTED), closed_as="completed", closed_at=NOON, attempts=2)
    assert judge(an_order(), known).rank == NEW


def test_an_order_that_is_not_finished_cannot_open_again() -> None:
    assert not judge(an_order(), a_record(an_order(status=OrderStatus.CONTACTED))).reopened


def test_an_order_finished_at_an_unknown_time_is_not_opened_by_a_new_time() -> None:
    known = a_record(closed_as="completed", closed_at=None)
    assert not judge(an_order(scheduled_at=NOON + HOUR), known).reopened


@given(
    status=statuses,
    scheduled=moments,
    number=st.sampled_from([LONDON, "+1", None, "112"]),
    fault=st.none() | st.just("odd"),
)
def test_what_is_dialable_and_due_has_nothing_of_its_own_against_it(
    status: OrderStatus, scheduled: Any, number: str | None, fault: str | None
) -> None:
    order = an_order(status=status, scheduled_at=scheduled, number=number, fault=fault)
    judged = judge(order, None)
    record = a_record(
        an_order(status=status, scheduled_at=scheduled, number=number, fault=judged.fault), e164=judged.e164
    )
    reasons = order_reasons(record, NOON + 2 * HOUR, most_attempts=3, calling_rules=None)
    assert judged.dialable is (reasons == [])
    assert not judged.dialable or status in DIALABLE
