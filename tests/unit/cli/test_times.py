from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click
import pytest

from dispatcher.cli import times

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_noon() -> None:
    """Every test is a command that takes NOW for now."""
    context = click.Context(click.Command("any"))
    context.meta[times.__name__] = NOW
    click.globals.push_context(context)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (86_400, "1 d"),
        (90_000, "1 d 1 h"),
        (0.4, "0 s"),
        (timedelta(minutes=5), "5 min"),
    ],
)
def test_a_length_is_told_in_two_units(seconds: float | timedelta, text: str) -> None:
    assert times.length(seconds) == text


@pytest.mark.parametrize(
    ("away", "text"),
    [(timedelta(0), "now"), (timedelta(hours=3, minutes=20), "in 3 h 20 min"), (timedelta(seconds=-12), "12 s ago")],
)
def test_a_distance_is_told_from_now(away: timedelta, text: str) -> None:
    assert times.until(NOW + away) == text


def test_both_clocks_are_told() -> None:
    told = times.both(NOW + timedelta(minutes=30), ZoneInfo("America/New_York"))

    assert told == "Mon 02 Nov 05:00 EST, 2026-11-02 10:00 UTC (in 30 min)"


def test_without_a_zone_utc_alone_is_told() -> None:
    assert times.both(NOW, None) == "2026-11-02 09:30 UTC (now)"


def test_seconds_are_told_where_there_are_any() -> None:
    assert times.utc(NOW + timedelta(seconds=5)) == "2026-11-02 09:30:05 UTC"


def test_now_is_one_instant_for_the_whole_command() -> None:
    assert times.Time().convert("now", None, None) == times.now() == NOW
