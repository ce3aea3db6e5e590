"""Days of opening times in letters: a line per day, from 00 to 24 o'clock on its own clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from dispatcher.cli.times import clock, length

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from dispatcher.cli.tables import Page
    from dispatcher.rules.week_picture import Day, Span

_DAY = 24 * 60 * 60
_LABEL = 11
_BESIDE = 13
"""Columns for the name of a day and for how long it is open."""

_CELLS = (96, 48, 24)
"""Quarters of an hour where there is room for them, else halves, else hours."""

_TICK = 3
"""Hours from one label of the scale to the next."""


class _Glyphs(NamedTuple):
    open: str
    closed: str
    now: str
    skipped: str
    twice: str
    twice_closed: str


_DRAWN = _Glyphs("▆", "·", "┃", "×", "▓", ":")  # noqa: RUF001 (a multiplication sign is a good cross)
_PLAIN = _Glyphs("#", ".", "|", "x", "2", ":")


def draw(page: Page, days: Sequence[Day], zone: ZoneInfo) -> None:
    """Draw days one under the other, with a scale above and a legend below.

    A cell is open if any of its time is; the exact times stand in the table of windows. Elsewhere than on a terminal
    that knows more, ASCII is drawn.
    """
    glyphs = _PLAIN if page.plain else _DRAWN
    room = min(page.width, 80) if page.plain else page.width
    cells = next((one for one in _CELLS if _LABEL + one + _BESIDE <= room), _CELLS[-1])
    page.drawing(Text(" " * _LABEL + _scale(cells), "dim"))
    for day in days:
        line = Text().append(f"{day.day:%a %d %b}".ljust(_LABEL), "bold" if day.now is not None else "")
        line.append(_strip(day, cells, glyphs)).append(f" {length(day.opened) if day.opened else '-'}")
        page.drawing(line)
    page.drawing(_legend(days, glyphs))
    for day in days:
        for change in day.changes:
            way = "forward" if change.seconds > 0 else "back"
            page.line(
                f"{day.day:%a %d %b}: clocks go {way} by {length(abs(change.seconds))}, to {clock(change.at, zone)}.",
                "yellow",
            )


def _scale(cells: int) -> str:
    step = cells * _TICK // 24
    return "".join(f"{hour:02}".ljust(step) for hour in range(0, 25, _TICK)).rstrip()


def _strip(day: Day, cells: int, glyphs: _Glyphs) -> Text:
    strip = Text()
    size = _DAY // cells
    for start in range(0, _DAY, size):
        cell = (start, start + size)
        is_open, twice = _touches(day.open, cell), _touches(day.repeated, cell)
        if day.now is not None and start <= day.now < start + size:
            strip.append(glyphs.now, "bold red")
        elif _touches(day.skipped, cell) and not is_open:
            strip.append(glyphs.skipped, "yellow")
        elif is_open:
            strip.append(glyphs.twice if twice else glyphs.open, "yellow" if twice else "green")
        elif twice:
            strip.append(glyphs.twice_closed, "yellow")
        else:
            strip.append(glyphs.closed, "dim")
    return strip


def _legend(days: Sequence[Day], glyphs: _Glyphs) -> Text:
    parts = [(glyphs.open, "green", "open"), (glyphs.closed, "dim", "closed")]
    if any(day.now is not None for day in days):
        parts.append((glyphs.now, "bold red", "now"))
    if any(day.skipped for day in days):
        parts.append((glyphs.skipped, "yellow", "left out by the clocks"))
    if any(day.repeated for day in days):
        parts += [(glyphs.twice, "yellow", "open twice"), (glyphs.twice_closed, "yellow", "closed twice")]
    legend = Text(" " * _LABEL)
    for glyph, style, meaning in parts:
        legend.append(glyph, style).append(f" {meaning}   ", "dim")
    legend.rstrip()
    return legend


def _touches(spans: Sequence[Span], cell: Span) -> bool:
    return any(start < cell[1] and cell[0] < end for start, end in spans)
