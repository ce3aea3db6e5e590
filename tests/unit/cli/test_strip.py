import re
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dispatcher.cli.strip import draw
from dispatcher.cli.tables import Page
from dispatcher.rules.schedule import DAYS, parse_schedule
from dispatcher.rules.week_picture import days

HOURS = parse_schedule({day: {"start": "09:15", "end": "17:00"} for day in DAYS})
NIGHTS = parse_schedule({day: {"start": "00:30", "end": "01:30"} for day in DAYS})
NOW = datetime(2026, 6, 1, 13, 0, tzinfo=UTC)


def drawn(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int) -> list[str]:
    """A day as a terminal of that many columns would show it, colours left out."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    zone = ZoneInfo("Europe/London")
    draw(Page(), days(HOURS, zone, NOW, 1, NOW), zone)
    return plain(capsys.readouterr().out)


def plain(text: str) -> list[str]:
    """The lines of a text without bold and dim."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


@pytest.mark.parametrize(("width", "cells"), [(50, 24), (80, 48), (119, 48), (120, 96), (200, 96)])
def test_a_day_is_as_wide_as_there_is_room_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int, cells: int
) -> None:
    scale, day, _ = drawn(capsys, monkeypatch, width)

    hour = cells // 24
    assert max(len(scale), len(day)) <= width
    assert [scale.index(f"{label:02}") for label in range(0, 25, 3)] == [11 + label * hour for label in range(0, 25, 3)]
    strip = day[11 : 11 + cells]
    assert strip.index("▆") == int(9.25 * hour)
    assert strip.rindex("▆") == 17 * hour - 1
    assert strip.index("┃") == 14 * hour


def test_the_legend_tells_the_marks_that_are_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drawn(capsys, monkeypatch, 80)[-1].split() == ["▆", "open", "·", "closed", "┃", "now"]


def test_an_hour_that_comes_twice_is_marked_open_or_closed(capsys: pytest.CaptureFixture[str]) -> None:
    zone = ZoneInfo("Europe/London")
    draw(Page(), days(NIGHTS, zone, datetime(2026, 10, 25, 12, tzinfo=UTC), 1, NOW), zone)

    _, day, legend, _ = capsys.readouterr().out.splitlines()
    assert day.startswith("Sun 25 Oct .#2:..")
    assert day.endswith(" 1 h 30 min")
    assert "2 open twice   : closed twice" in legend
