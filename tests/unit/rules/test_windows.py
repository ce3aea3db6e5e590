from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest

from dispatcher.rules.schedule import DAYS, Week, parse_schedule
from dispatcher.rules.windows import Window, day_off, days_off, is_open, next_change, open_for, windows
from dispatcher.rules.zones import zone

ALWAYS = parse_schedule({day: {"start": "00:00", "end": "24:00"} for day in DAYS})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def week(day: str, start: str, end: str) -> Week:
    return parse_schedule({day: {"start": start, "end": end}})


@pytest.mark.parametrize(
    ("place", "day", "start", "end", "date", "expected"),
    [
        # An ordinary day, and offsets of less than an hour.
        ("Europe/London", "mon", "09:00", "17:00", "2026-01-12", ["2026-01-12T09:00 2026-01-12T17:00"]),
        ("Asia/Kathmandu", "mon", "09:00", "17:00", "2026-01-12", ["2026-01-12T03:15 2026-01-12T11:15"]),
        # Spring: an hour is skipped; a window around it is shorter, one inside it does not come.
        ("America/New_York", "sun", "01:30", "03:30", "2026-03-08", ["2026-03-08T06:30 2026-03-08T07:30"]),
        ("America/New_York", "sun", "02:15", "02:45", "2026-03-08", []),
        ("America/New_York", "sun", "02:30", "04:00", "2026-03-08", ["2026-03-08T07:00 2026-03-08T08:00"]),
        # Autumn: an hour comes twice, and so does a window inside it.
        ("America/New_York", "sun", "01:00", "02:00", "2026-11-01", ["2026-11-01T05:00 2026-11-01T07:00"]),
        (
            "America/New_York",
            "sun",
            "01:15",
            "01:45",
            "2026-11-01",
            ["2026-11-01T05:15 2026-11-01T05:45", "2026-11-01T06:15 2026-11-01T06:45"],
        ),
        (
            "America/New_York",
            "sun",
            "00:30",
            "01:30",
            "2026-11-01",
            ["2026-11-01T04:30 2026-11-01T05:30", "2026-11-01T06:00 2026-11-01T06:30"],
        ),
        # Negative summer time, half an hour, two hours.
        ("Europe/Dublin", "sun", "01:00", "02:00", "2026-10-25", ["2026-10-25T00:00 2026-10-25T02:00"]),
        ("Europe/Dublin", "sun", "01:00", "02:00", "2026-03-29", []),
        ("Australia/Lord_Howe", "sun", "01:30", "02:00", "2026-04-05", ["2026-04-04T14:30 2026-04-04T15:30"]),
        ("Australia/Lord_Howe", "sun", "02:00", "02:30", "2026-10-04", []),
        ("Antarctica/Troll", "sun", "01:00", "03:00", "2026-03-29", []),
        ("Antarctica/Troll", "sun", "01:00", "03:00", "2026-10-25", ["2026-10-24T23:00 2026-10-25T03:00"]),
        # Changes at midnight, where even the day is in question.
        ("Africa/Cairo", "fri", "00:00", "01:00", "2025-04-25", []),
        ("Africa/Cairo", "thu", "23:00", "24:00", "2025-10-30", ["2025-10-30T20:00 2025-10-30T22:00"]),
        ("America/Havana", "sun", "00:00", "01:00", "2025-11-02", ["2025-11-02T04:00 2025-11-02T06:00"]),
        ("America/Havana", "sun", "00:00", "01:00", "2025-03-09", []),
        ("America/Santiago", "sun", "00:00", "01:00", "2025-09-07", []),
        ("America/Santiago", "sat", "23:00", "24:00", "2025-04-05", ["2025-04-06T02:00 2025-04-06T04:00"]),
        ("Asia/Beirut", "sun", "00:00", "01:00", "2025-03-30", []),
        ("Asia/Beirut", "sat", "23:00", "24:00", "2025-10-25", ["2025-10-25T20:00 2025-10-25T22:00"]),
        # Ramadan, a Friday that never was, and a Saturday that never was.
        ("Africa/Casablanca", "sun", "02:00", "03:00", "2025-02-23", ["2025-02-23T01:00 2025-02-23T03:00"]),
        ("Africa/Casablanca", "sun", "02:00", "03:00", "2025-04-06", []),
        ("Pacific/Apia", "fri", "00:00", "24:00", "2011-12-30", []),
        ("Pacific/Apia", "thu", "22:00", "02:00", "2011-12-29", ["2011-12-30T08:00 2011-12-30T10:00"]),
        ("Pacific/Kwajalein", "sat", "00:00", "24:00", "1993-08-21", []),
        # Local mean time, to the second.
        ("Europe/Amsterdam", "mon", "09:00", "17:00", "1880-01-12", ["1880-01-12T08:42:30 1880-01-12T16:42:30"]),
    ],
)
def test_windows_follow_the_wall_clock(
    place: str, day: str, start: str, end: str, date: str, expected: list[str]
) -> None:
    noon = utc(f"{date}T12:00")
    found = windows(week(day, start, end), zone(place), noon - timedelta(days=2), noon + timedelta(days=2))
    assert [f"{w.opens_at:%Y-%m-%dT%H:%M%z} {w.closes_at:%Y-%m-%dT%H:%M%z}" for w in found] == [
        " ".join(f"{utc(instant):%Y-%m-%dT%H:%M%z}" for instant in both.split()) for both in expected
    ]


@pytest.mark.parametrize(
    ("at", "open_", "change"),
    [
        ("2026-01-12T08:59:59.999999", False, "2026-01-12T09:00"),
        ("2026-01-12T09:00:00", True, "2026-01-12T17:00"),
        ("2026-01-12T16:59:59.999999", True, "2026-01-12T17:00"),
        ("2026-01-12T17:00:00", False, "2026-01-19T09:00"),
    ],
)
def test_opening_belongs_to_the_window_and_closing_does_not(at: str, open_: bool, change: str) -> None:
    mondays, london = week("mon", "09:00", "17:00"), zone("Europe/London")
    assert is_open(mondays, london, utc(at)) is open_
    assert next_change(mondays, london, utc(at)) == utc(change)


def test_a_window_across_the_end_of_sunday_is_one() -> None:
    nights = week("sun", "22:00", "02:00")
    assert next_change(nights, zone("UTC"), utc("2026-01-11T23:00")) == utc("2026-01-12T02:00")
    assert list(windows(nights, zone("UTC"), utc("2026-01-10T00:00"), utc("2026-01-14T00:00"))) == [
        Window(utc("2026-01-11T22:00"), utc("2026-01-12T02:00"))
    ]


def test_a_week_that_ends_with_sunday_closes_there() -> None:
    sundays = week("sun", "22:00", "24:00")
    assert next_change(sundays, zone("UTC"), utc("2026-01-11T23:00")) == utc("2026-01-12T00:00")


def test_a_week_that_begins_with_monday_opens_there() -> None:
    mondays = week("mon", "00:00", "02:00")
    assert next_change(mondays, zone("UTC"), utc("2026-01-11T23:00")) == utc("2026-01-12T00:00")


@pytest.mark.parametrize("never", [ALWAYS, Week(())])
def test_what_never_changes_has_no_next_change(never: Week) -> None:
    assert next_change(never, zone("Europe/London"), utc("2026-01-11T23:00")) is None


def test_days_off_are_cut_out_from_midnight_to_midnight() -> None:
    nights = week("sun", "22:00", "02:00").without([date(2026, 1, 11)])
    start, end = utc("2026-01-10T00:00"), utc("2026-01-20T00:00")
    assert list(windows(nights, zone("UTC"), start, end)) == [
        Window(utc("2026-01-12T00:00"), utc("2026-01-12T02:00")),
        Window(utc("2026-01-18T22:00"), utc("2026-01-19T02:00")),
    ]
    assert next_change(nights, zone("UTC"), utc("2026-01-11T23:00")) == utc("2026-01-12T00:00")


def test_days_off_one_after_the_other_are_one_closed_time() -> None:
    dark = ALWAYS.without([date(2026, 12, 25), date(2026, 12, 24), date(2026, 12, 24)])
    berlin = zone("Europe/Berlin")
    assert next_change(dark, berlin, utc("2026-12-01T00:00")) == utc("2026-12-23T23:00")
    assert next_change(dark, berlin, utc("2026-12-23T23:00")) == utc("2026-12-25T23:00")
    assert next_change(dark, berlin, utc("2026-12-25T23:00")) is None
    assert day_off(dark, berlin, utc("2026-12-23T22:59:59.999999")) is None
    assert day_off(dark, berlin, utc("2026-12-23T23:00")) == date(2026, 12, 24)


def test_a_week_that_opens_only_on_days_off_opens_in_the_first_week_without_one() -> None:
    mondays = week("mon", "09:00", "17:00").without([date(2026, 1, 12), date(2026, 1, 19), date(2026, 1, 21)])
    assert next_change(mondays, zone("UTC"), utc("2026-01-10T00:00")) == utc("2026-01-26T09:00")
    assert open_for(mondays, zone("UTC"), utc("2026-01-26T10:00"), timedelta(days=90)) == timedelta(hours=1)


def test_a_day_off_that_a_zone_has_twice_is_closed_both_times() -> None:
    # Alaska came to the United States and to their side of the date line: half of a Friday, and of a Saturday, twice.
    juneau, friday = zone("America/Juneau"), date(1867, 10, 18)
    dark = ALWAYS.without([friday])
    start, end = utc("1867-10-16T00:00"), utc("1867-10-22T00:00")
    found = list(windows(dark, juneau, start, end))
    assert len(found) == 3
    for before, after in pairwise(found):
        assert before.closes_at.astimezone(juneau).date() == friday
        closed = after.opens_at - before.closes_at
        assert (after.opens_at - timedelta(seconds=1)).astimezone(juneau).date() == friday
        assert closed <= timedelta(days=1)
        assert next_change(dark, juneau, before.closes_at) == after.opens_at
    assert next_change(dark, juneau, found[-1].opens_at) is None


def test_the_days_off_of_a_time_are_those_that_its_clock_shows() -> None:
    off = [date(2026, 1, 12), date(2026, 1, 14), date(2026, 1, 15)]
    dark, tokyo = ALWAYS.without(off), zone("Asia/Tokyo")
    assert days_off(dark, tokyo, utc("2026-01-11T15:00"), utc("2026-01-14T15:00")) == off[:2]
    assert days_off(dark, tokyo, utc("2026-01-11T15:00"), utc("2026-01-14T15:00:00.000001")) == off
    assert days_off(dark, tokyo, utc("2026-01-12T15:00"), utc("2026-01-13T14:00")) == []


def test_always_open_is_one_window_clipped_to_what_was_asked() -> None:
    start, end = utc("2026-03-01T00:00:00.25"), utc("2026-04-30T00:00:00.75")
    assert list(windows(ALWAYS, zone("Europe/London"), start, end)) == [Window(start, end)]


def test_windows_are_clipped_at_both_ends_to_the_microsecond() -> None:
    start, end = utc("2026-01-12T10:00:00.000001"), utc("2026-01-19T10:00:00.999999")
    assert list(windows(week("mon", "09:00", "17:00"), zone("UTC"), start, end)) == [
        Window(start, utc("2026-01-12T17:00")),
        Window(utc("2026-01-19T09:00"), end),
    ]


@pytest.mark.parametrize("end", ["2026-01-12T10:00", "2026-01-11T10:00"])
def test_no_time_has_no_windows(end: str) -> None:
    assert list(windows(ALWAYS, zone("UTC"), utc("2026-01-12T10:00"), utc(end))) == []


def test_instants_may_come_in_any_zone_and_go_out_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    start, end = datetime(2026, 1, 12, 19, tzinfo=tokyo), datetime(2026, 1, 12, 20, tzinfo=tokyo)
    (window,) = windows(ALWAYS, zone("Europe/London"), start, end)
    assert window == Window(start, end)
    assert window.opens_at.tzinfo is window.closes_at.tzinfo is UTC


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(TypeError):
        is_open(ALWAYS, zone("UTC"), datetime(2026, 1, 12))  # noqa: DTZ001


@pytest.mark.parametrize("place", ["Pacific/Kiritimati", "Pacific/Niue", "UTC"])
def test_the_ends_of_the_calendar_are_no_error(place: str) -> None:
    sundays = week("sun", "09:00", "17:00")
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert next_change(sundays, zone(place), first) is not None
    assert next_change(sundays, zone(place), last) is None
    assert list(windows(sundays, zone(place), last - timedelta(days=30), last))


@pytest.mark.parametrize(
    ("at", "minutes"),
    [
        ("2026-01-12T09:00", 0),
        ("2026-01-12T09:07", 7),
        ("2026-01-12T09:59:59", 59 + 59 / 60),
        ("2026-01-12T10:00", 60),
        ("2026-01-12T16:59", 60),
    ],
)
def test_for_how_long_it_has_been_open_is_told_up_to_what_matters(at: str, minutes: float) -> None:
    hours = timedelta(hours=1)
    assert open_for(week("mon", "09:00", "17:00"), zone("UTC"), utc(at), hours) == timedelta(minutes=minutes)


def test_only_the_last_opening_counts() -> None:
    twice = parse_schedule({"mon": [{"start": "09:00", "end": "09:10"}, {"start": "09:20", "end": "09:40"}]})
    assert open_for(twice, zone("UTC"), utc("2026-01-12T09:25"), timedelta(hours=1)) == timedelta(minutes=5)


def test_what_never_closes_has_long_been_open() -> None:
    assert open_for(ALWAYS, zone("UTC"), utc("2026-01-12T09:25"), timedelta(hours=1)) == timedelta(hours=1)
    assert open_for(ALWAYS, zone("UTC"), utc("2026-01-12T09:25"), timedelta(0)) == timedelta(0)


@pytest.mark.parametrize(
    ("place", "opens"), [("America/New_York", "2026-01-12T14:00"), ("Asia/Tokyo", "2026-01-12T00:00")]
)
def test_west_opens_later_and_east_earlier(place: str, opens: str) -> None:
    hours, there = week("mon", "09:00", "17:00"), zone(place)
    assert is_open(hours, there, utc(opens))
    assert not is_open(hours, there, utc(opens) - timedelta(microseconds=1))
    assert is_open(hours, there, utc(opens) + timedelta(hours=8) - timedelta(microseconds=1))
    assert not is_open(hours, there, utc(opens) + timedelta(hours=8))


def test_each_of_several_windows_a_day_is_open_and_the_time_between_is_not() -> None:
    day = parse_schedule({"mon": [{"start": f"{hour:02d}:00", "end": f"{hour:02d}:30"} for hour in (9, 11, 13, 15)]})
    for hour in (9, 11, 13, 15):
        assert is_open(day, zone("UTC"), utc(f"2026-01-12T{hour:02d}:15"))
        assert not is_open(day, zone("UTC"), utc(f"2026-01-12T{hour:02d}:45"))
