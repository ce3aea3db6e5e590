from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dispatcher.rules.schedule import DAYS, Week, parse_schedule
from dispatcher.rules.week_picture import DAY_SECONDS, Day, days
from dispatcher.rules.windows import windows

HOUR = 3600
ALWAYS = parse_schedule({day: {"start": "00:00", "end": "24:00"} for day in DAYS})
NINE_TO_FIVE = parse_schedule({day: {"start": "09:00", "end": "17:00"} for day in DAYS})
ZONES = [
    *("Europe/London", "Australia/Lord_Howe", "Antarctica/Troll", "Africa/Cairo", "America/Havana", "Asia/Beirut"),
    *("America/Santiago", "Atlantic/Azores", "Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu", "UTC"),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def only(week: Week, zone: str, noon: str) -> Day:
    [found] = days(week, ZoneInfo(zone), at(noon), 1, at("2000-01-01"))
    return found


def test_a_plain_day_has_its_hours() -> None:
    found = only(NINE_TO_FIVE, "Europe/London", "2026-06-01 12:00")

    assert found == Day(date(2026, 6, 1), ((9 * HOUR, 17 * HOUR),), (), (), (), None, timedelta(hours=8))


def test_days_are_those_of_the_zone() -> None:
    found = days(NINE_TO_FIVE, ZoneInfo("Asia/Tokyo"), at("2026-06-01 20:00"), 3, at("2026-06-02 20:30"))

    assert [(one.day, one.now) for one in found] == [
        (date(2026, 6, 2), None),
        (date(2026, 6, 3), 5 * HOUR + 1800),
        (date(2026, 6, 4), None),
    ]


@pytest.mark.parametrize(
    ("zone", "noon", "skipped", "repeated", "seconds"),
    [
        ("Europe/London", "2026-03-29 12:00", [(1, 2)], [], 3600),
        ("Europe/London", "2026-10-25 12:00", [], [(1, 2)], -3600),
        ("Australia/Lord_Howe", "2026-10-03 20:00", [(2, 2.5)], [], 1800),
        ("Antarctica/Troll", "2026-03-29 12:00", [(1, 3)], [], 7200),
        ("Africa/Cairo", "2026-04-24 12:00", [(0, 1)], [], 3600),
        ("America/Havana", "2024-11-03 12:00", [], [(0, 1)], -3600),
        ("America/Santiago", "2026-04-04 12:00", [], [(23, 24)], -3600),
        ("America/Santiago", "2026-09-06 12:00", [(0, 1)], [], 3600),
    ],
)
def test_a_change_of_clocks_is_told_on_the_day_whose_hours_it_changes(
    zone: str, noon: str, skipped: list[tuple[float, float]], repeated: list[tuple[float, float]], seconds: int
) -> None:
    found = only(ALWAYS, zone, noon)

    assert [(start / HOUR, end / HOUR) for start, end in found.skipped] == skipped
    assert [(start / HOUR, end / HOUR) for start, end in found.repeated] == repeated
    assert [change.seconds for change in found.changes] == [seconds]
    assert found.opened == timedelta(days=1, seconds=-seconds)


def test_a_day_that_never_was_is_left_out_whole() -> None:
    found = (
        only(ALWAYS, "Pacific/Apia", "2011-12-29 20:00"),
        days(ALWAYS, ZoneInfo("Pacific/Apia"), at("2011-12-29 20:00"), 2, at("2000-01-01")),
    )

    assert found[0].day == date(2011, 12, 29)
    assert found[1][1] == Day(
        day=date(2011, 12, 30),
        open=(),
        skipped=((0, DAY_SECONDS),),
        repeated=(),
        changes=found[1][1].changes,
        now=None,
        opened=timedelta(0),
    )
    assert [change.seconds for change in found[1][1].changes] == [DAY_SECONDS]


def test_what_is_skipped_is_not_open() -> None:
    night = parse_schedule({"sun": {"start": "00:30", "end": "02:30"}})

    assert only(night, "Europe/London", "2026-03-29 12:00").open == ((1800, HOUR), (2 * HOUR, 2 * HOUR + 1800))


def test_a_day_on_which_no_clock_changes_is_one_stretch() -> None:
    # Offsets are looked up in periods of 400 days since 1970, and this is where one of them begins.
    assert only(ALWAYS, "UTC", "2025-11-08 12:00") == Day(
        date(2025, 11, 8), ((0, DAY_SECONDS),), (), (), (), None, timedelta(days=1)
    )


def test_the_calendar_ends() -> None:
    found = days(ALWAYS, ZoneInfo("UTC"), at("9999-12-29 12:00"), 7, at("2026-01-01"))

    assert [one.day for one in found] == [date(9999, 12, 29), date(9999, 12, 30)]


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001 (made aware below)
    st.lists(st.tuples(st.integers(0, 10079), st.integers(1, 1440)), max_size=5),
)
def test_the_days_together_are_open_for_as_long_as_the_windows(
    zone: str, start: datetime, spans: list[tuple[int, int]]
) -> None:
    week, place = Week.of((begin, begin + length) for begin, length in spans), ZoneInfo(zone)
    drawn = days(week, place, start.replace(tzinfo=UTC), 9, at("2000-01-01"))
    first = datetime.combine(drawn[1].day, datetime.min.time(), place).astimezone(UTC)
    last = datetime.combine(drawn[8].day, datetime.min.time(), place).astimezone(UTC)
    # Else midnight itself may be no instant, or two.
    assume(not any(one.skipped or one.repeated for one in (drawn[0], drawn[1], drawn[7], drawn[8])))
    opened = sum((one.closes_at - one.opens_at for one in windows(week, place, first, last)), timedelta())

    assert sum((one.opened for one in drawn[1:8]), timedelta()) == opened


def test_a_day_off_is_drawn_closed_and_the_days_beside_it_are_not() -> None:
    dark = NINE_TO_FIVE.without([date(2026, 6, 2)])
    found = days(dark, ZoneInfo("Europe/London"), at("2026-06-01 12:00"), 3, at("2000-01-01"))

    assert [one.opened for one in found] == [timedelta(hours=8), timedelta(0), timedelta(hours=8)]
    assert found[1].open == ()
