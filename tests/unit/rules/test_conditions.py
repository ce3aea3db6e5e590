from datetime import datetime, timedelta

import pytest

from dispatcher.model.reasons import Code
from dispatcher.rules.conditions import SKEW_STOPS, orders_stale, seen_since, skewed, stale
from dispatcher.rules.offsets import EPOCH
from tests.unit.rules.things import NOON

MOST = timedelta(minutes=10)
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize("age", [timedelta(0), MOST, -SKEW_STOPS])
def test_a_mirror_that_is_young_enough_is_believed(age: timedelta) -> None:
    assert stale(NOON - age, NOON, MOST) is None
    assert orders_stale(NOON - age, NOON, MOST) is None


def test_a_mirror_that_is_too_old_is_not_believed() -> None:
    reason = stale(NOON - MOST - MICROSECOND, NOON, MOST)
    assert reason is not None
    assert reason.code is Code.MIRROR_STALE
    assert reason.detail == (
        "the platform's campaigns were last read 600 s ago; nothing is queued after sync.max_staleness (600 s)"
    )


def test_orders_that_are_too_old_are_not_believed() -> None:
    reason = orders_stale(NOON - MOST - MICROSECOND, NOON, MOST)
    assert reason is not None
    assert (reason.code, reason.detail) == (Code.MIRROR_STALE, "the campaign's orders were last read 600 s ago")


@pytest.mark.parametrize("age", [timedelta(0), MOST, -SKEW_STOPS])
def test_after_a_whole_reading_every_order_counts_as_listed(age: timedelta) -> None:
    assert seen_since(NOON - age, NOON, MOST) == EPOCH


@pytest.mark.parametrize("whole", [None, NOON - MOST - MICROSECOND, NOON + timedelta(hours=1)])
def test_without_a_recent_whole_reading_each_order_must_have_been_listed_itself(whole: datetime | None) -> None:
    assert seen_since(whole, NOON, MOST) == NOON - MOST


def test_a_mirror_from_before_the_clock_was_set_back_is_not_believed() -> None:
    ahead = NOON + timedelta(hours=1)
    for reason in (stale(ahead, NOON, MOST), orders_stale(ahead, NOON, MOST)):
        assert reason is not None
        assert reason.code is Code.MIRROR_STALE
        assert "3600 s ahead of this host's clock" in reason.detail


def test_a_mirror_that_was_never_read_is_not_believed() -> None:
    for reason in (stale(None, NOON, MOST), orders_stale(None, NOON, MOST)):
        assert reason is not None
        assert reason.code is Code.MIRROR_STALE


@pytest.mark.parametrize("skews", [{}, {"redis": SKEW_STOPS, "platform": -SKEW_STOPS}])
def test_clocks_that_agree_nearly_stop_nothing(skews: dict[str, timedelta]) -> None:
    assert skewed(skews) is None


def test_every_clock_that_is_off_is_named_with_its_sign() -> None:
    reason = skewed(
        {"redis": timedelta(seconds=31), "platform": timedelta(seconds=-40), "database": timedelta(seconds=1)}
    )
    assert reason is not None
    assert reason.code is Code.CLOCK_SKEW
    assert "platform by -40 s, redis by +31 s" in reason.detail
    assert "database" not in reason.detail
