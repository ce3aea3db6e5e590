from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dispatcher.reports.preview import preview
from dispatcher.rules.lint import lint_schedule
from dispatcher.rules.schedule import parse_schedule

PARIS = ZoneInfo("Europe/Paris")


def test_windows_are_clipped_in_order_and_merged_where_they_touch() -> None:
    week = parse_schedule({"mon": [{"start": "12:00", "end": "24:00"}], "tue": {"start": "00:00", "end": "02:00"}})
    start, end = datetime(2026, 5, 4, 12, tzinfo=UTC), datetime(2026, 5, 11, 11, tzinfo=UTC)
    assert preview(week, PARIS, start, end, start, ()) == {
        "timezone": "Europe/Paris",
        "from": "2026-05-04T12:00:00Z",
        "to": "2026-05-11T11:00:00Z",
        "open_now": True,
        "windows": [
            {"opens_at": "2026-05-04T12:00:00Z", "closes_at": "2026-05-05T00:00:00Z"},
            {"opens_at": "2026-05-11T10:00:00Z", "closes_at": "2026-05-11T11:00:00Z"},
        ],
        "notes": [],
    }


def test_an_hour_that_is_repeated_is_open_both_times() -> None:
    week = parse_schedule({"sun": {"start": "02:00", "end": "03:00"}})
    start, end = datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC)
    assert preview(week, PARIS, start, end, start, ())["windows"] == [
        {"opens_at": "2026-10-25T00:00:00Z", "closes_at": "2026-10-25T02:00:00Z"}
    ]


def test_whether_it_is_open_now_does_not_depend_on_the_span() -> None:
    schedule = {"mon": {"start": "09:00", "end": "17:00", "note": "x"}, "Tuesday": None}
    week = parse_schedule(schedule)
    start, end = datetime(2026, 5, 5, tzinfo=UTC), datetime(2026, 5, 6, tzinfo=UTC)
    now = datetime(2026, 5, 4, 12, tzinfo=UTC)
    document = preview(week, PARIS, start, end, now, lint_schedule(schedule, week))
    assert (document["open_now"], document["windows"]) == (True, [])
    assert [(note["code"], "'Tuesday'" in note["detail"]) for note in document["notes"]] == [
        ("schedule_key_ignored", True)
    ]
