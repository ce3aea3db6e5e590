from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.rules.openings import Openings
from dispatcher.rules.schedule import FIRST_DAY, WEEK_MINUTES, Week
from dispatcher.rules.windows import is_open, next_change
from dispatcher.rules.zones import zone

MONDAY = datetime(2026, 3, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
Campaigns = list[tuple[str, Week, ZoneInfo]]

NAMES = (
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Cairo",
    "Asia/Kathmandu",
)
hours = st.lists(st.tuples(st.integers(0, WEEK_MINUTES - 1), st.integers(1, 2000)), max_size=4).map(
    lambda spans: Week.of((start, start + length) for start, length in spans)
) | st.just(Week((0, WEEK_MINUTES)))
days: st.SearchStrategy[list[date]] = st.just([]) | st.lists(
    st.integers(0, 35_000).map(lambda day: FIRST_DAY + timedelta(days=day)), max_size=30
)
weeks = st.builds(Week.without, hours, days)
instants = st.integers(0, 3_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


def daily(start: int, end: int) -> Week:
    return Week.of((day * 1440 + start * 60, day * 1440 + end * 60) for day in range(7))


def an_index(at: datetime, campaigns: Iterable[tuple[str, Week, ZoneInfo]]) -> Openings:
    openings = Openings()
    openings.replace(campaigns, at)
    return openings


@pytest.fixture
def three() -> Campaigns:
    utc = zone("UTC")
    return [("a", daily(9, 17), utc), ("b", daily(9, 17), utc), ("late", daily(12, 20), utc)]


def test_without_campaigns_nothing_is_open_and_nothing_changes() -> None:
    openings = Openings()
    assert openings.open == set()
    assert openings.next_change() is None
    assert openings.advance(MONDAY) == []
    assert openings.open_by(MONDAY) == set()


def test_campaigns_of_one_week_and_zone_open_together_and_to_the_moment(three: Campaigns) -> None:
    openings = an_index(MONDAY + 8 * HOUR, three)
    assert openings.next_change() == MONDAY + 9 * HOUR
    assert openings.advance(MONDAY + 9 * HOUR - MICROSECOND) == []
    assert openings.advance(MONDAY + 9 * HOUR) == ["a", "b"]
    assert openings.open == {"a", "b"}
    assert openings.next_change() == MONDAY + 12 * HOUR


def test_the_same_week_in_another_zone_is_another_matter() -> None:
    openings = an_index(
        MONDAY + 8 * HOUR, [("b", daily(9, 17), zone("Europe/Berlin")), ("u", daily(9, 17), zone("UTC"))]
    )
    assert openings.open == {"b"}


def test_after_its_last_day_off_what_is_always_open_changes_no_more() -> None:
    throughout = Week((0, WEEK_MINUTES)).without([MONDAY.date() + timedelta(days=1)])
    openings = an_index(MONDAY, [("a", throughout, zone("UTC"))])
    assert openings.open == {"a"}
    assert openings.advance(MONDAY + 24 * HOUR) == ["a"]
    assert openings.open == set()
    assert openings.advance(MONDAY + 48 * HOUR) == ["a"]
    assert openings.next_change() is None
    assert openings.advance(MONDAY + 500 * HOUR) == []
    assert openings.open == {"a"}
    assert openings.open_by(MONDAY + 900 * HOUR) == {"a"}
    assert openings.advance(MONDAY) == []
    assert openings.next_change() == MONDAY + 24 * HOUR


def test_an_instant_that_is_told_twice_changes_nothing_twice(three: Campaigns) -> None:
    openings = an_index(MONDAY, three)
    assert openings.advance(MONDAY + 9 * HOUR) == ["a", "b"]
    assert openings.advance(MONDAY + 9 * HOUR) == []


def test_what_opened_and_closed_during_a_sleep_has_not_changed(three: Campaigns) -> None:
    openings = an_index(MONDAY + 8 * HOUR, three)
    assert openings.advance(MONDAY + 18 * HOUR) == ["late"]
    assert openings.next_change() == MONDAY + 20 * HOUR


def test_a_step_back_is_judged_anew_and_tells_what_differs(three: Campaigns) -> None:
    openings = an_index(MONDAY + 18 * HOUR, three)
    assert openings.advance(MONDAY + 10 * HOUR) == ["a", "b", "late"]
    assert openings.open == {"a", "b"}
    assert openings.advance(MONDAY + 12 * HOUR) == ["late"]


def test_what_opens_up_to_an_instant_is_found_beside_what_is_open(three: Campaigns) -> None:
    openings = an_index(MONDAY + 8 * HOUR, three)
    assert openings.open_by(MONDAY + 9 * HOUR - MICROSECOND) == set()
    assert openings.open_by(MONDAY + 9 * HOUR) == {"a", "b"}
    assert openings.open_by(MONDAY + 12 * HOUR) == {"a", "b", "late"}
    openings.advance(MONDAY + 9 * HOUR)
    assert openings.open_by(MONDAY + 9 * HOUR) == {"a", "b"}


def test_campaigns_that_are_no_more_are_forgotten(three: Campaigns) -> None:
    openings = an_index(MONDAY + 10 * HOUR, three)
    openings.replace(three[2:], MONDAY + 10 * HOUR)
    assert openings.open == set()
    assert openings.next_change() == MONDAY + 12 * HOUR


def test_changes_of_campaigns_that_are_no_more_do_not_come(three: Campaigns) -> None:
    openings = an_index(MONDAY + 10 * HOUR, three)
    openings.replace([], MONDAY + 10 * HOUR)
    assert openings.next_change() is None
    assert openings.advance(MONDAY + 30 * HOUR) == []


def test_a_step_back_leaves_one_change_to_come_for_each(three: Campaigns) -> None:
    openings = an_index(MONDAY + 18 * HOUR, three[:1])
    openings.advance(MONDAY + 10 * HOUR)
    openings.advance(MONDAY + 17 * HOUR)
    assert openings.next_change() == MONDAY + 33 * HOUR
    assert len(openings._changes) == 1


def test_a_campaign_that_never_changes_has_no_change_to_come() -> None:
    openings = an_index(MONDAY, [("never", Week(()), zone("UTC")), ("always", daily(0, 24), zone("UTC"))])
    assert openings.open == {"always"}
    assert openings.next_change() is None


def test_a_change_beyond_the_calendar_is_none() -> None:
    last = datetime(9999, 12, 31, 21, tzinfo=UTC)
    openings = an_index(last, [("a", daily(9, 17), zone("UTC"))])
    assert openings.next_change() is None
    assert openings.advance(last + HOUR) == []


def test_instants_before_the_epoch_are_as_good_as_any() -> None:
    at = datetime(1960, 1, 4, 8, tzinfo=UTC)
    openings = an_index(at, [("a", daily(9, 17), zone("UTC"))])
    assert openings.next_change() == at + HOUR
    assert openings.advance(at + HOUR) == ["a"]


@settings(max_examples=150)
@given(
    campaigns=st.lists(st.tuples(weeks, st.sampled_from(NAMES)), max_size=6),
    start=instants,
    steps=st.lists(st.timedeltas(-timedelta(days=3), timedelta(days=40)), min_size=1, max_size=10),
    ahead=st.timedeltas(timedelta(0), timedelta(days=8)),
)
def test_however_time_goes_the_index_says_what_each_campaign_says(
    campaigns: list[tuple[Week, str]], start: datetime, steps: list[timedelta], ahead: timedelta
) -> None:
    plans: Campaigns = [(str(number), week, zone(name)) for number, (week, name) in enumerate(campaigns)]
    openings, at = an_index(start, plans), start
    for step in steps:
        before, at = set(openings.open), at + step
        changed = openings.advance(at)
        assert openings.open == {name for name, week, place in plans if is_open(week, place, at)}
        assert set(changed) == before ^ openings.open
        assert len(changed) == len(set(changed))
        changes = {name: next_change(week, place, at) for name, week, place in plans}
        assert openings.next_change() == min((one for one in changes.values() if one), default=None)
        assert openings.open_by(at + ahead) == openings.open | {
            name for name, one in changes.items() if one and one <= at + ahead
        }
