from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dispatcher.reports.campaign_preview import of_campaigns
from dispatcher.reports.preview import Asked, preview
from dispatcher.reports.sources import Sources
from dispatcher.rules.lint import lint_schedule
from dispatcher.rules.schedule import parse_schedule

from .conftest import NOW, Mirror

PARIS = ZoneInfo("Europe/Paris")


def test_windows_are_clipped_in_order_and_merged_where_they_touch() -> None:
    week = parse_schedule({"mon": [{"start": "12:00", "end": "24:00"}], "tue": {"start": "00:00", "end": "02:00"}})
    start, end = datetime(2026, 5, 4, 12, tzinfo=UTC), datetime(2026, 5, 11, 11, tzinfo=UTC)
    assert preview(week, PARIS, Asked(start, end, start), ()).document == {
        "timezone": "Europe/Paris",
        "from": "2026-05-04T12:00:00Z",
        "to": "2026-05-11T11:00:00Z",
        "open_now": True,
        "windows": [
            {"opens_at": "2026-05-04T12:00:00Z", "closes_at": "2026-05-05T00:00:00Z"},
            {"opens_at": "2026-05-11T10:00:00Z", "closes_at": "2026-05-11T11:00:00Z"},
        ],
        "blackout_dates": [],
        "notes": [],
    }


def test_an_hour_that_is_repeated_is_open_both_times() -> None:
    week = parse_schedule({"sun": {"start": "02:00", "end": "03:00"}})
    start, end = datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC)
    assert preview(week, PARIS, Asked(start, end, start), ()).document["windows"] == [
        {"opens_at": "2026-10-25T00:00:00Z", "closes_at": "2026-10-25T02:00:00Z"}
    ]


def test_whether_it_is_open_now_does_not_depend_on_the_span() -> None:
    schedule = {"mon": {"start": "09:00", "end": "17:00", "note": "x"}, "Tuesday": None}
    week = parse_schedule(schedule)
    start, end = datetime(2026, 5, 5, tzinfo=UTC), datetime(2026, 5, 6, tzinfo=UTC)
    now = datetime(2026, 5, 4, 12, tzinfo=UTC)
    document = preview(week, PARIS, Asked(start, end, now), lint_schedule(schedule, week)).document
    assert (document["open_now"], document["windows"]) == (True, [])
    assert [(note["code"], "'Tuesday'" in note["detail"]) for note in document["notes"]] == [
        ("schedule_key_ignored", True)
    ]


def test_so_many_days_are_drawn_as_were_asked_for() -> None:
    week, start = parse_schedule({"mon": {"start": "09:00", "end": "17:00"}}), datetime(2026, 5, 4, 12, tzinfo=UTC)
    drawn = [
        len(preview(week, PARIS, Asked(start, start + span, start), ()).days)
        for span in (timedelta(hours=1), timedelta(days=7), timedelta(days=7, seconds=1), timedelta(days=400))
    ]
    assert drawn == [1, 7, 8, 35]


async def test_campaigns_are_told_in_the_order_asked_for_and_all_by_name(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign("camp-2", name="Autumn")
    asked = Asked(NOW, NOW + timedelta(days=7), NOW)
    shown = await sources.database.read(of_campaigns, sources.settings, ["camp-2", "Spring"], asked)
    every = await sources.database.read(of_campaigns, sources.settings, None, asked)
    assert [one.document["campaign"] for one in shown] == ["camp-2", "camp-1"]
    assert [one.document["campaign"] for one in every] == ["camp-2", "camp-1"]
    assert shown[0].document["forecast"]["detail"] == "no order waits to be called"


async def test_a_campaign_that_never_opens_has_its_fault(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign(schedule={"mon": None}, timezone="")
    asked = Asked(NOW, NOW + timedelta(days=7), NOW)
    [shown] = await sources.database.read(of_campaigns, sources.settings, None, asked)
    assert shown.days == ()
    assert shown.document["windows"] == []
    assert shown.document["fault"].startswith("mon is null")
    assert shown.document["fault"].endswith("the campaign has no time zone")
