from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispatcher.model.attempt import State
from dispatcher.model.brakes import Brakes
from dispatcher.model.order import OrderStatus
from dispatcher.model.reasons import Code
from dispatcher.rules.eligibility import (
    LONGEST,
    campaign_reasons,
    next_open,
    not_after,
    order_reasons,
    spacing_of,
    window_reason,
)
from dispatcher.rules.last_call import Guard
from dispatcher.rules.spacing import Cap, Spacing
from tests.unit.rules.things import LONDON, NOON, PACK, a_plan, a_record, an_order

MIAMI = "+13055550100"
ALWAYS = {day: {"start": "00:00", "end": "24:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
CLOSES = datetime(2026, 1, 12, 16, 0, tzinfo=UTC)
OPENS = datetime(2026, 1, 13, 8, 0, tzinfo=UTC)
EVENING = datetime(2026, 1, 12, 20, 30, tzinfo=UTC)
NIGHT = datetime(2026, 1, 12, 23, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def codes(record_changes: dict[str, Any], order_changes: dict[str, Any], at: datetime = NOON) -> list[Code]:
    record = a_record(an_order(**order_changes), **record_changes)
    return [reason.code for reason in order_reasons(record, at, most_attempts=3, calling_rules=PACK)]


def test_an_open_campaign_without_brakes_is_dialled() -> None:
    assert campaign_reasons(a_plan(), NOON, Brakes()) == []
    assert campaign_reasons(a_plan(), CLOSES - MICROSECOND, Brakes()) == []


def test_a_closed_window_ends_when_it_opens_next() -> None:
    (reason,) = campaign_reasons(a_plan(), CLOSES, Brakes())
    assert reason.code is Code.WINDOW_CLOSED
    assert "Europe/Berlin" in reason.detail
    assert reason.until == OPENS


def test_no_call_begins_in_the_guarded_time_before_the_window_closes() -> None:
    guard = Guard(timedelta(minutes=5))
    assert campaign_reasons(a_plan(), CLOSES - guard.length - MICROSECOND, Brakes(), guard) == []
    for at in (CLOSES - guard.length, CLOSES - MICROSECOND):
        (reason,) = campaign_reasons(a_plan(), at, Brakes(), guard)
        assert reason.code is Code.WINDOW_CLOSED
        assert "in the last 300 s before it closes (schedule.last_call_before_close)" in reason.detail
        assert "Europe/Berlin" in reason.detail
        assert reason.until == OPENS


def test_a_blackout_date_is_told_by_its_day_and_ends_with_the_next_opening() -> None:
    dark = a_plan(days_off={"campaign_1": [NOON.date()], "campaign_2": [NOON.date() + timedelta(days=1)]})
    for at in (NOON, NOON.replace(hour=2)):
        reason = window_reason(dark, at)
        assert reason is not None
        assert reason.code is Code.WINDOW_CLOSED
        assert reason.detail == (
            "2026-01-12 is a blackout date of the campaign in Europe/Berlin (schedule.blackout_dates)"
        )
        assert reason.until == OPENS == next_open(dark, at)
    assert window_reason(dark, OPENS) is None


def test_the_guard_before_a_blackout_date_ends_after_it() -> None:
    nightly = {day: {"start": "00:00", "end": "24:00"} for day in ("mon", "tue", "wed")}
    dark = a_plan(schedule=nightly, days_off={"campaign_1": [NOON.date() + timedelta(days=1)]})
    midnight = datetime(2026, 1, 12, 23, tzinfo=UTC)  # in Berlin
    guard = Guard(timedelta(minutes=5))
    reason = window_reason(dark, midnight - MICROSECOND, guard)
    assert reason is not None
    assert reason.until == midnight + timedelta(days=1)
    assert not_after(dark, LONDON, midnight - timedelta(hours=4), calling_rules=None, guard=guard) == (
        midnight - guard.length
    )


def test_what_never_closes_needs_no_guard() -> None:
    assert window_reason(a_plan(schedule=ALWAYS), NOON, Guard(timedelta(days=1))) is None


def test_a_closed_window_says_so_whatever_the_guard() -> None:
    assert window_reason(a_plan(), CLOSES, Guard(timedelta(days=1))) == window_reason(a_plan(), CLOSES)


def test_a_window_shorter_than_the_guard_is_never_dialled() -> None:
    reason = window_reason(a_plan(), OPENS, Guard(timedelta(hours=8)))
    assert reason is not None
    assert reason.until == OPENS + timedelta(days=1)


@pytest.mark.parametrize("changes", [{"schedule": None}, {"timezone": None}])
def test_without_a_schedule_or_a_zone_no_window_is_told(changes: dict[str, Any]) -> None:
    plan = a_plan(**changes)
    assert window_reason(plan, NOON) is None
    assert next_open(plan, NOON) is None
    assert campaign_reasons(plan, NOON, Brakes()) == list(plan.standing)


def test_a_campaign_opens_next_at_once_if_it_is_open() -> None:
    assert next_open(a_plan(), NOON) == NOON
    assert next_open(a_plan(), CLOSES) == OPENS


@pytest.mark.parametrize(
    ("brakes", "code", "said"),
    [
        (Brakes(everything="fire drill"), Code.PAUSED_BY_OPERATOR, "everything is paused: fire drill"),
        (Brakes(everything=""), Code.PAUSED_BY_OPERATOR, "everything is paused: "),
        (Brakes(campaigns={"campaign_1": "typo"}), Code.PAUSED_BY_OPERATOR, "the campaign is paused: typo"),
        (Brakes(phones={"phone_1": "spam"}), Code.PHONE_PAUSED, "the phone is paused: spam"),
    ],
)
def test_each_brake_stops_with_the_operators_reason(brakes: Brakes, code: Code, said: str) -> None:
    (reason,) = campaign_reasons(a_plan(), NOON, brakes)
    assert reason.code is code
    assert reason.detail == said
    assert reason.until is None


def test_brakes_on_other_things_stop_nothing() -> None:
    brakes = Brakes(campaigns={"campaign_2": "x"}, phones={"phone_2": "x"})
    assert campaign_reasons(a_plan(), NOON, brakes) == []


def test_all_that_stands_against_a_campaign_is_told_and_what_to_mend_comes_first() -> None:
    brakes = Brakes(everything="x", campaigns={"campaign_1": "y"}, phones={"phone_1": "z"})
    reasons = campaign_reasons(a_plan(status="draft"), NIGHT, brakes)
    assert [reason.code for reason in reasons] == [
        Code.CAMPAIGN_NOT_ACTIVE,
        Code.PAUSED_BY_OPERATOR,
        Code.PAUSED_BY_OPERATOR,
        Code.PHONE_PAUSED,
        Code.WINDOW_CLOSED,
    ]


@pytest.mark.parametrize("status", list(OrderStatus))
def test_only_the_dialable_statuses_are_dialled(status: OrderStatus) -> None:
    found = codes({}, {"status": status, "scheduled_at": NOON})
    if status in {OrderStatus.PLANNED, OrderStatus.SCHEDULED, OrderStatus.BUSY, OrderStatus.NO_ANSWER}:
        assert found == []
    elif status is OrderStatus.DO_NOT_CALL:
        assert found == [Code.DO_NOT_CALL]
    else:
        assert found == [Code.ORDER_NOT_DIALABLE]


@pytest.mark.parametrize(
    ("record", "order", "expected"),
    [
        ({}, {"fault": "record is null"}, [Code.ORDER_NOT_DIALABLE]),
        ({}, {"status": OrderStatus.SCHEDULED}, [Code.ORDER_NOT_DIALABLE]),
        ({"unlisted_at": NOON}, {}, [Code.ORDER_NOT_DIALABLE]),
        ({"e164": None}, {}, [Code.NUMBER_INVALID]),
        ({"e164": None}, {"fault": "record is null"}, [Code.NUMBER_INVALID]),
        ({"forbidden": True}, {}, [Code.DO_NOT_CALL]),
        ({"forbidden": True}, {"status": OrderStatus.DO_NOT_CALL}, [Code.DO_NOT_CALL]),
        ({"live_state": State.UNCERTAIN}, {}, [Code.ORDER_UNCERTAIN]),
        ({"live_state": State.INTENT}, {}, [Code.ORDER_IN_FLIGHT]),
        ({"live_state": State.QUEUED}, {}, [Code.ORDER_IN_FLIGHT]),
        ({"live_state": State.DIALING}, {}, [Code.ORDER_IN_FLIGHT]),
        ({"closed_as": "completed", "attempts": 1}, {}, [Code.ORDER_NOT_DIALABLE]),
        ({"attempts": 3}, {}, [Code.ATTEMPTS_EXHAUSTED]),
        ({"attempts": 3, "closed_as": "exhausted"}, {}, [Code.ATTEMPTS_EXHAUSTED]),
        ({"attempts": 4, "closed_as": "exhausted"}, {}, [Code.ATTEMPTS_EXHAUSTED]),
        ({"attempts": 2}, {}, []),
    ],
)
def test_each_thing_that_stands_against_an_order_is_told(
    record: dict[str, Any], order: dict[str, Any], expected: list[Code]
) -> None:
    assert codes(record, order) == expected


def test_a_number_that_is_none_says_what_is_wrong_with_the_document() -> None:
    record = a_record(an_order(fault="record is null, not an object"), e164=None)
    (reason,) = order_reasons(record, NOON, most_attempts=3, calling_rules=PACK)
    assert reason.detail == "record is null, not an object"


def test_a_scheduled_order_waits_for_its_own_time_and_not_longer() -> None:
    record = a_record(an_order(status=OrderStatus.SCHEDULED, scheduled_at=NOON))
    (reason,) = order_reasons(record, NOON - MICROSECOND, most_attempts=3, calling_rules=PACK)
    assert (reason.code, reason.until) == (Code.ORDER_WAITING, NOON)
    assert order_reasons(record, NOON, most_attempts=3, calling_rules=PACK) == []


def test_a_retry_waits_for_its_gap_and_not_longer() -> None:
    record = a_record(attempts=1, retry_at=NOON)
    (reason,) = order_reasons(record, NOON - MICROSECOND, most_attempts=3, calling_rules=PACK)
    assert (reason.code, reason.until) == (Code.ORDER_WAITING, NOON)
    assert order_reasons(record, NOON, most_attempts=3, calling_rules=PACK) == []


def test_a_closed_order_waits_for_no_retry() -> None:
    found = codes({"closed_as": "completed", "attempts": 1, "retry_at": NOON + LONGEST}, {})
    assert found == [Code.ORDER_NOT_DIALABLE]


def test_a_recipients_hours_count_only_while_the_rules_are_on() -> None:
    record = a_record()
    (reason,) = order_reasons(record, NIGHT, most_attempts=3, calling_rules=PACK)
    assert reason.code is Code.RECIPIENT_HOURS_CLOSED
    assert order_reasons(record, NIGHT, most_attempts=3, calling_rules=None) == []


def test_a_call_may_begin_until_the_window_closes() -> None:
    assert not_after(a_plan(), LONDON, NOON, calling_rules=PACK) == CLOSES


def test_a_call_may_begin_until_the_guarded_time_before_the_window_closes() -> None:
    guard = Guard(timedelta(minutes=5))
    assert not_after(a_plan(), LONDON, NOON, calling_rules=PACK, guard=guard) == CLOSES - guard.length
    assert not_after(a_plan(schedule=ALWAYS), LONDON, NOON, calling_rules=None, guard=guard) == NOON + LONGEST


def test_a_call_may_begin_until_the_recipients_evening_if_that_comes_first() -> None:
    plan = a_plan(schedule=ALWAYS)
    nine = datetime(2026, 1, 12, 21, 0, tzinfo=UTC)
    assert not_after(plan, LONDON, EVENING, calling_rules=PACK) == nine
    assert not_after(plan, LONDON, EVENING, calling_rules=None) == EVENING + LONGEST


def test_a_call_is_never_kept_for_longer_than_a_day() -> None:
    assert timedelta(days=1) == LONGEST
    for changes in ({"schedule": ALWAYS}, {"schedule": None}, {"timezone": None}):
        assert not_after(a_plan(**changes), LONDON, NOON, calling_rules=None) == NOON + LONGEST


def test_hours_that_are_not_lawful_end_nothing_later() -> None:
    assert not_after(a_plan(schedule=ALWAYS), LONDON, NIGHT, calling_rules=PACK) == NIGHT + LONGEST


def test_a_persons_calls_are_capped_by_the_settings_and_by_the_law() -> None:
    spacing = Spacing(caps=(Cap(5, LONGEST, "mine"),), gap=LONGEST, gap_source="mine")
    record = a_record(e164=MIAMI)
    assert [cap.source for cap in spacing_of(record, NOON, spacing, PACK).caps] == ["mine", "us-fl"]
    assert spacing_of(record, NOON, spacing, None) == spacing
    assert spacing_of(a_record(e164=None), NOON, spacing, PACK) == spacing


def test_the_country_that_the_platform_tells_counts() -> None:
    lunch = datetime(2026, 1, 12, 12, 30, tzinfo=UTC)
    claimed = a_record(an_order(country="FR"))
    assert order_reasons(a_record(), lunch, most_attempts=3, calling_rules=PACK) == []
    (reason,) = order_reasons(claimed, lunch, most_attempts=3, calling_rules=PACK)
    assert "fr-hours" in reason.detail
    plan = a_plan(schedule=ALWAYS)
    lawful = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)
    assert not_after(plan, LONDON, lawful, calling_rules=PACK, country="FR") == datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
