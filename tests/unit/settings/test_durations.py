from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.settings import durations


@given(st.integers(min_value=0, max_value=durations.LONGEST // timedelta(milliseconds=1)))
def test_a_duration_reads_back_as_it_was_written(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert durations.parse(durations.text(duration)) == duration


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.none() | st.timedeltas())
def test_whatever_is_written_becomes_a_bounded_duration_or_a_fault(value: object) -> None:
    try:
        duration = durations.parse(value)
    except ValueError:
        return
    assert timedelta() <= duration <= durations.LONGEST


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("1.5h", timedelta(minutes=90)),
        (" 10 s ", timedelta(seconds=10)),
        ("30", timedelta(seconds=30)),
        ("0.25", timedelta(milliseconds=250)),
        (0.1, timedelta(milliseconds=100)),
        (90, timedelta(seconds=90)),
        ("0s", timedelta()),
        (timedelta(seconds=3), timedelta(seconds=3)),
    ],
)
def test_a_duration_is_exact(written: object, expected: timedelta) -> None:
    assert durations.parse(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "",
        "banana",
        "10x",
        "1d",
        "-5s",
        "+5s",
        "5S",
        "1e3",
        "nan",
        "inf",
        "٣s",
        "1m30s",
        ".5s",
        "5.s",
        "1" * 400,
        True,
        False,
        None,
        float("nan"),
        float("inf"),
        -1,
        -0.5,
        [],
        {},
        timedelta(seconds=-1),
    ],
)
def test_what_is_no_duration_is_refused_with_examples(written: object) -> None:
    with pytest.raises(ValueError, match="must be a duration such as 250ms, 30s, 10m or 2h"):
        durations.parse(written)


@pytest.mark.parametrize("written", [0.0001, "0.5ms", 1 / 3, timedelta(microseconds=1500)])
def test_what_is_finer_than_redis_can_keep_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="whole number of milliseconds"):
        durations.parse(written)


@pytest.mark.parametrize(
    "written", ["8785h", 10**400, 1e300, "999999999999999h", timedelta.max - timedelta.resolution * 999999]
)
def test_what_would_overflow_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="must be at most 8784h"):
        durations.parse(written)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (timedelta(), "0s"),
        (timedelta(milliseconds=1500), "1500ms"),
        (timedelta(seconds=90), "90s"),
        (timedelta(minutes=90), "90m"),
        (timedelta(days=1), "24h"),
    ],
)
def test_a_duration_is_shown_in_the_largest_unit_that_is_exact(duration: timedelta, expected: str) -> None:
    assert durations.text(duration) == expected
