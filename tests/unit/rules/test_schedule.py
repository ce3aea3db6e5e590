from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.model.reasons import Code, Reason
from dispatcher.rules.schedule import DAYS, ScheduleFault, Week, parse_schedule

DAY = 24 * 60
NINE_TO_FIVE = {"start": "09:00", "end": "17:00"}


@pytest.mark.parametrize(
    ("schedule", "intervals"),
    [
        ({"mon": NINE_TO_FIVE}, [(540, 1020)]),
        ({"mon": [NINE_TO_FIVE]}, [(540, 1020)]),
        ({"tue": {"start": "00:00", "end": "23:59"}}, [(DAY, 2 * DAY - 1)]),
        ({"tue": {"start": "00:00", "end": "24:00"}}, [(DAY, 2 * DAY)]),
        ({"tue": {"start": "09:00", "end": "00:00"}}, [(DAY + 540, 2 * DAY)]),
        ({"tue": {"start": "22:00", "end": "02:00"}}, [(DAY + 1320, 2 * DAY + 120)]),
        ({"sun": {"start": "22:00", "end": "02:00"}}, [(0, 120), (6 * DAY + 1320, 7 * DAY)]),
        ({"sun": {"start": "22:00", "end": "24:00"}}, [(6 * DAY + 1320, 7 * DAY)]),
        ({"mon": [{"start": "14:00", "end": "18:00"}, {"start": "09:00", "end": "12:00"}]}, [(540, 720), (840, 1080)]),
        ({"mon": [{"start": "09:00", "end": "14:00"}, {"start": "12:00", "end": "18:00"}]}, [(540, 1080)]),
        ({"mon": [{"start": "09:00", "end": "18:00"}, {"start": "12:00", "end": "13:00"}]}, [(540, 1080)]),
        ({"mon": [{"start": "09:00", "end": "12:00"}, {"start": "12:00", "end": "18:00"}]}, [(540, 1080)]),
        ({"mon": {"start": "18:00", "end": "24:00"}, "tue": {"start": "00:00", "end": "06:00"}}, [(1080, DAY + 360)]),
        ({day: {"start": "00:00", "end": "24:00"} for day in DAYS}, [(0, 7 * DAY)]),
        ({"mon": NINE_TO_FIVE | {"label": "day shift", "start2": None}}, [(540, 1020)]),
    ],
)
def test_a_schedule_is_the_open_minutes_of_a_week(schedule: object, intervals: list[tuple[int, int]]) -> None:
    assert parse_schedule(schedule).intervals == tuple(intervals)


@pytest.mark.parametrize("schedule", [None, {}, [], ""])
def test_nothing_is_no_schedule(schedule: object) -> None:
    with pytest.raises(ScheduleFault) as fault:
        parse_schedule(schedule)
    assert fault.value.code is Code.NO_SCHEDULE
    assert fault.value.reason == Reason(Code.NO_SCHEDULE, str(fault.value), None)


@pytest.mark.parametrize("key", ["Mon", "MON", "MONDAY", "monday", " mon", "mon ", "0", "", "holidays"])
def test_a_key_that_is_no_day_is_reported_and_ignored(key: str) -> None:
    week = parse_schedule({key: {"start": "00:00", "end": "24:00"}, "tue": NINE_TO_FIVE})
    assert week.intervals == ((DAY + 540, DAY + 1020),)
    assert len(week.notes) == 1
    assert repr(key) in week.notes[0]


def test_a_schedule_of_ignored_keys_is_none_and_names_them() -> None:
    with pytest.raises(ScheduleFault, match="'Monday' is no day") as fault:
        parse_schedule({"Monday": NINE_TO_FIVE})
    assert fault.value.code is Code.NO_SCHEDULE


def test_thousands_of_ignored_keys_are_counted_not_listed() -> None:
    week = parse_schedule({"mon": NINE_TO_FIVE} | {f"x{number}": None for number in range(5000)})
    assert len(week.notes) == 6
    assert week.notes[-1] == "4995 more keys are ignored"


@pytest.mark.parametrize("schedule", ["09:00-17:00", " ", 5, 0, True, 1.5, [NINE_TO_FIVE], [None]])
def test_a_schedule_that_is_no_object_is_invalid(schedule: object) -> None:
    with pytest.raises(ScheduleFault, match="not an object of days") as fault:
        parse_schedule(schedule)
    assert fault.value.code is Code.SCHEDULE_INVALID


TIMES = [
    "9:00",
    "09:00:00",
    "25:00",
    "24:01",
    "09:60",
    "09:00 ",
    " 09:00",
    "0900",
    "09-00",
    "\uff19:00",
    "\u0966\u096f:\u0966\u0966",
]


@pytest.mark.parametrize("name", ["start", "end"])
@pytest.mark.parametrize("time", [*TIMES, "", "9am", "09:00\n", "-1:00", None, 9, 9.5, 540, True, [], {}, ["09:00"]])
def test_a_time_that_is_not_exactly_hh_mm_is_invalid_and_named(name: str, time: object) -> None:
    with pytest.raises(ScheduleFault, match=f"^wed has the {name} ") as fault:
        parse_schedule({"mon": NINE_TO_FIVE, "wed": NINE_TO_FIVE | {name: time}})
    assert fault.value.code is Code.SCHEDULE_INVALID


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "wed is null, not an object"),
        ([], "wed is an empty list, not an object"),
        ("09:00-17:00", "wed is '09:00-17:00', not an object"),
        (False, "wed is false, not an object"),
        pytest.param(10**5000, "wed is a value of type int, not an object", id="huge"),
        ([NINE_TO_FIVE, None], "wed is null, not an object"),
        ([[NINE_TO_FIVE]], "wed is a list of 1, not an object"),
        ({}, "wed has a window with no start"),
        ({"start": "09:00"}, "wed has a window with no end"),
        ({"end": "09:00"}, "wed has a window with no start"),
        ({"start": "09:00", "end": "09:00"}, "wed starts and ends at '09:00'"),
        ({"start": "00:00", "end": "00:00"}, "wed starts and ends at '00:00'"),
        ({"start": "24:00", "end": "24:00"}, "wed starts at 24:00"),
        ({"start": "24:00", "end": "06:00"}, "wed starts at 24:00"),
        ({"start": "x" * 1000, "end": "06:00"}, f"wed has the start '{'x' * 40}…', which"),
        ({"start": {"a": 1}, "end": "06:00"}, "wed has the start an object, which"),
        ({"start": {}, "end": "06:00"}, "wed has the start an empty object, which"),
        ({"start": object(), "end": "06:00"}, "wed has the start a value of type object, which"),
    ],
)
def test_one_malformed_day_blocks_the_week_and_is_named(value: object, sentence: str) -> None:
    with pytest.raises(ScheduleFault) as fault:
        parse_schedule({"mon": NINE_TO_FIVE, "wed": value, "fri": NINE_TO_FIVE})
    assert fault.value.code is Code.SCHEDULE_INVALID
    assert str(fault.value).startswith(sentence)


def test_a_deeply_nested_value_is_a_fault_like_any_other() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(ScheduleFault, match="mon is a list of 1"):
        parse_schedule({"mon": nested})


def test_weeks_with_the_same_open_minutes_are_equal_and_hash_alike() -> None:
    one = parse_schedule({"mon": [{"start": "09:00", "end": "12:00"}, {"start": "12:00", "end": "17:00"}], "x": 1})
    assert one == parse_schedule({"mon": NINE_TO_FIVE})
    assert hash(one) == hash(Week((540, 1020)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["09:00", "17:00", "24:00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*DAYS, "start", "end"]) | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_whatever_json_comes_is_a_week_or_a_schedule_fault(schedule: object) -> None:
    found = outcome(schedule)
    if isinstance(found, ScheduleFault):
        assert found.code in {Code.NO_SCHEDULE, Code.SCHEDULE_INVALID}
        assert len(found.detail) < 1000
    else:
        assert found.bounds
        assert list(found.bounds) == sorted(set(found.bounds))
        assert 0 <= found.bounds[0] < found.bounds[-1] <= 7 * DAY


def outcome(schedule: object) -> Week | ScheduleFault:
    try:
        return parse_schedule(schedule)
    except ScheduleFault as fault:
        return fault


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("", "the schedule is an empty string"),
        (None, "the schedule is null"),
        ([], "the schedule is an empty list"),
        ({}, "the schedule is an empty object"),
        ("9 to 5", "the schedule is '9 to 5', not an object of days mon to sun"),
        ({"Mon": NINE_TO_FIVE}, "the schedule has no day mon to sun: 'Mon' is no day mon to sun and is ignored"),
    ],
)
def test_a_fault_says_what_the_schedule_is(schedule: object, said: str) -> None:
    with pytest.raises(ScheduleFault) as fault:
        parse_schedule(schedule)
    assert fault.value.detail == said


@pytest.mark.parametrize(("unknown", "notes"), [(4, 4), (5, 5), (6, 6), (9, 6)])
def test_more_than_five_ignored_keys_are_only_counted(unknown: int, notes: int) -> None:
    week = parse_schedule({"mon": NINE_TO_FIVE} | {f"day{number}": NINE_TO_FIVE for number in range(unknown)})
    assert week.notes[:4] == tuple(f"'day{number}' is no day mon to sun and is ignored" for number in range(4))
    assert len(week.notes) == notes
    assert (f"{unknown - 5} more keys are ignored" in week.notes) == (unknown > 5)
