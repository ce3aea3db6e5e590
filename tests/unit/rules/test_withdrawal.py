from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dispatcher.model.basis import basis
from dispatcher.model.order import OrderRecord, OrderStatus
from dispatcher.model.reasons import Code, Reason
from dispatcher.rules.plan import Plan
from dispatcher.rules.withdrawal import CAMPAIGN_REMOVED, CHANGED, ORDER_CLOSED, ORDER_REMOVED, why_withdrawn
from tests.unit.rules.things import NOON, a_campaign, a_phone, a_plan, a_record, an_order

LATER = NOON + timedelta(hours=1)
QUEUED_BY = basis(a_campaign(), a_phone(), an_order())


def against(plan: Plan | None, record: OrderRecord | None, *reasons: Reason) -> str | None:
    return why_withdrawn(plan, reasons, record, queued_by=QUEUED_BY, not_after=LATER, at=NOON)


def test_a_call_that_nothing_stands_against_may_be_begun() -> None:
    assert against(a_plan(), a_record()) is None


def test_a_call_of_a_campaign_that_is_gone_is_taken_back() -> None:
    assert against(None, a_record()) == CAMPAIGN_REMOVED


def test_a_call_is_taken_back_for_the_first_reason_against_its_campaign() -> None:
    first, second = Reason(Code.PAUSED_BY_OPERATOR, ""), Reason(Code.WINDOW_CLOSED, "")
    assert against(a_plan(), a_record(), first, second) == "paused_by_operator"


def test_a_call_is_taken_back_at_the_instant_at_which_its_time_ends() -> None:
    facts: dict[str, Any] = {"queued_by": QUEUED_BY, "not_after": LATER}
    assert why_withdrawn(a_plan(), [], a_record(), at=LATER, **facts) == "window_closed"
    assert why_withdrawn(a_plan(), [], a_record(), at=LATER - timedelta(microseconds=1), **facts) is None


@pytest.mark.parametrize("record", [None, a_record(removed=True)])
def test_a_call_of_an_order_that_is_gone_is_taken_back(record: OrderRecord | None) -> None:
    assert against(a_plan(), record) == ORDER_REMOVED


def test_a_call_of_an_order_that_a_late_report_has_closed_is_taken_back() -> None:
    assert against(a_plan(), a_record(closed_as="completed")) == ORDER_CLOSED


def test_a_call_to_a_number_that_must_not_be_called_is_taken_back() -> None:
    assert against(a_plan(), a_record(forbidden=True)) == "do_not_call"


def test_a_call_of_an_order_that_its_list_has_come_to_lack_is_taken_back() -> None:
    assert against(a_plan(), a_record(unlisted_at=NOON)) == "order_not_dialable"


@pytest.mark.parametrize("status", [OrderStatus.CANCELED, OrderStatus.DO_NOT_CALL, OrderStatus.UNKNOWN])
def test_a_call_of_an_order_that_is_no_longer_dialable_is_taken_back(status: OrderStatus) -> None:
    assert against(a_plan(), a_record(an_order(status=status))) == "order_not_dialable"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Summer"},
        {"timezone": "Europe/Paris"},
        {"schedule": {"mon": {"start": "09:00", "end": "18:00"}}},
        {"assistant": "assistant_2"},
    ],
)
def test_a_call_of_a_changed_campaign_is_taken_back(changes: dict[str, Any]) -> None:
    assert against(a_plan(**changes), a_record()) == CHANGED


@pytest.mark.parametrize("changes", [{"number": "+16054440130"}, {"provider": "other"}])
def test_a_call_of_a_changed_phone_is_taken_back(changes: dict[str, Any]) -> None:
    assert against(a_plan(a_phone(**changes)), a_record()) == CHANGED


@pytest.mark.parametrize(
    "changes",
    [
        {"campaign": "campaign_2"},
        {"status": OrderStatus.BUSY},
        {"number": "+442079460019"},
        {"scheduled_at": NOON},
        {"instructions": "be brief"},
        {"record": "record_2"},
        {"record_name": "Bob"},
    ],
)
def test_a_call_of_a_changed_order_is_taken_back(changes: dict[str, Any]) -> None:
    assert against(a_plan(), a_record(an_order(**changes))) == CHANGED


def test_a_call_of_a_campaign_without_its_phone_is_taken_back() -> None:
    assert against(replace(a_plan(), phone=None), a_record()) == CHANGED


@pytest.mark.parametrize("changes", [{"country": "GB"}])
def test_a_change_that_no_call_shows_takes_nothing_back(changes: dict[str, Any]) -> None:
    assert against(a_plan(), a_record(an_order(**changes))) is None
