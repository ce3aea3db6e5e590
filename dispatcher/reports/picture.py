"""Previews as a picture: one HTML page that needs nothing else, with every text from outside escaped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from dispatcher.reports.preview import Asked, Preview
from dispatcher.rules.week_picture import DAY_SECONDS, Day, Span

_LEFT, _DAY_WIDTH, _WIDTH = 96, 768, 960
"""Of the drawing, in its own units: 32 an hour."""

_TOP, _ROW = 26, 27
_HOURS = range(0, 25, 3)

_page = Environment(
    loader=PackageLoader("dispatcher.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
).get_template("week.html")


@dataclass(frozen=True, slots=True)
class _Bar:
    """A stretch of a day: `kind` is its class in the style sheet, `told` what it is in words."""

    kind: str
    x: float
    width: float
    told: str


@dataclass(frozen=True, slots=True)
class _Row:
    """One day of a drawing; `now` is where on it the present instant lies."""

    y: int
    day: str
    today: bool
    bars: Sequence[_Bar]
    total: str
    told: str
    now: float | None


def picture(shown: Sequence[Preview], asked: Asked) -> str:
    """Return the page for previews that were asked for together, one figure each."""
    return _page.render(
        figures=[_figure(one) for one in shown],
        made=f"From {_utc(asked.start)} to {_utc(asked.end)}, drawn at {_utc(asked.now)}.",
        now=f"now, {_utc(asked.now)}",
        ticks=[{"hour": f"{hour:02}", "x": _x(hour * 3600)} for hour in _HOURS],
        left=_LEFT,
        day_width=_DAY_WIDTH,
        width=_WIDTH,
    )


def _figure(shown: Preview) -> dict[str, Any]:
    document, days = shown.document, shown.days
    zone = ZoneInfo(document["timezone"]) if days else None
    return {
        "name": document.get("name") or document.get("campaign"),
        "uuid": document.get("campaign"),
        "zone": document["timezone"],
        "state": ("open now" if document["open_now"] else "closed now") if days else None,
        "fault": document.get("fault"),
        "notes": document["notes"],
        "rows": [_row(number, day) for number, day in enumerate(days)],
        "height": _TOP + _ROW * len(days) + 6,
        "legend": list(_legend(days)),
        "changes": list(_changes(days, zone)) if zone else [],
        "windows": [_window(window, zone) for window in document["windows"]] if zone else [],
        "forecast": list(_forecast(document.get("forecast"), zone)),
    }


def _row(number: int, day: Day) -> _Row:
    name = f"{day.day:%a %d %b}"
    hours = ", ".join(f"{_clock(start)} to {_clock(end)}" for start, end in day.open)
    return _Row(
        y=_TOP + _ROW * number,
        day=name,
        today=day.now is not None,
        bars=[
            *(_bar("open", span, "open") for span in day.open),
            *(_bar("gone", span, "left out by the clocks") for span in day.skipped),
            *(_bar("twice", span, "comes twice") for span in day.repeated),
        ],
        total=_length(day.opened) if day.opened else "closed",
        told=f"{name}: {'open ' + hours if hours else 'closed'}",
        now=None if day.now is None else _x(day.now),
    )


def _bar(kind: str, span: Span, what: str) -> _Bar:
    start, end = span
    width = round((end - start) / DAY_SECONDS * _DAY_WIDTH, 2)
    return _Bar(kind, _x(start), max(width, 1.0), f"{what} {_clock(start)} to {_clock(end)}")


def _legend(days: Sequence[Day]) -> Iterator[tuple[str, str]]:
    yield "open", "open"
    if any(day.now is not None for day in days):
        yield "now", "now"
    if any(day.skipped for day in days):
        yield "gone", "left out by a change of clocks"
    if any(day.repeated for day in days):
        yield "twice", "comes twice by a change of clocks"


def _changes(days: Sequence[Day], zone: ZoneInfo) -> Iterator[str]:
    for day in days:
        for change in day.changes:
            way = "forward" if change.seconds > 0 else "back"
            by, to = _length(timedelta(seconds=abs(change.seconds))), f"{change.at.astimezone(zone):%H:%M %Z}"
            yield f"{day.day:%a %d %b}: clocks go {way} by {by}, to {to}"


def _window(window: dict[str, str], zone: ZoneInfo) -> tuple[str, ...]:
    ends = [datetime.fromisoformat(window[key]) for key in ("opens_at", "closes_at")]
    return (*(f"{end.astimezone(zone):%a %d %b %H:%M:%S %Z}" for end in ends), *(_utc(end) for end in ends))


def _forecast(told: dict[str, Any] | None, zone: ZoneInfo | None) -> Iterator[str]:
    if told is None:
        return
    if told["done_at"]:
        done = datetime.fromisoformat(told["done_at"])
        yield f"The list of {told['waiting']} will be done {done.astimezone(zone):%a %d %b %Y %H:%M %Z} ({_utc(done)})."
    else:
        yield f"When the list will be done cannot be told: {told['detail']}."
    if told["never"]:
        counted = ", ".join(f"{number} {code}" for code, number in told["never"].items())
        yield f"Never called as things stand: {counted}."


def _x(second: int) -> float:
    return round(_LEFT + second / DAY_SECONDS * _DAY_WIDTH, 2)


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second % 3600 // 60:02}"


def _length(span: timedelta) -> str:
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
