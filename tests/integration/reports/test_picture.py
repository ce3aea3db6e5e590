import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from dispatcher.model.note import Note, NoteCode
from dispatcher.reports.picture import picture
from dispatcher.reports.preview import Asked, Preview, preview
from dispatcher.rules.schedule import DAYS, parse_schedule

LONDON = ZoneInfo("Europe/London")
WEEK = parse_schedule({day: {"start": "00:30", "end": "17:00"} for day in DAYS})
MARCH = datetime(2026, 3, 25, 12, tzinfo=UTC)
EVIL = """</title><script>alert(1)</script>"'><img src=x onerror=alert(2)>&{{ 7*7 }}"""


def asked(start: datetime = MARCH) -> Asked:
    return Asked(start, start + timedelta(days=7), start)


def named(shown: Preview, **more: object) -> Preview:
    return replace(shown, document={"campaign": "camp-1", "name": "Spring"} | shown.document | more)


class Seen(HTMLParser):
    """What a browser finds in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("where", ["name", "campaign", "fault", "note"])
def test_no_text_from_outside_becomes_a_part_of_the_page(where: str) -> None:
    note = Note(NoteCode.SCHEDULE_KEY_IGNORED, EVIL if where == "note" else "plain")
    shown = named(preview(WEEK, LONDON, asked(), [note]), **({where: EVIL} if where != "note" else {}))

    seen = Seen(picture([shown], asked()))

    assert not {"script", "img"} & seen.tags
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert EVIL in seen.text


def test_the_page_needs_nothing_else() -> None:
    page = picture([preview(WEEK, LONDON, asked(), [])], asked())

    seen = Seen(page)
    assert not {"script", "link", "img", "iframe", "object"} & seen.tags
    assert not {"src", "href", "xlink:href"} & {name for name, _ in seen.attributes}
    assert set(re.findall(r"url\(([^)]*)\)", page)) == {"#gone"}
    assert "prefers-color-scheme: dark" in page
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in seen.attributes


def drawing(page: str) -> ET.Element:
    [found] = re.findall(r'<svg viewBox="0 0 960.*?</svg>', page, flags=re.DOTALL)
    return ET.fromstring(found)  # noqa: S314 (our own page)


def test_the_drawing_tells_its_days_to_whoever_cannot_see_it() -> None:
    root = drawing(picture([named(preview(WEEK, LONDON, asked(), []))], asked()))

    title, told = root.find("title"), root.find("desc")
    assert title is not None
    assert told is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {told.get('id')}"
    assert title.text == "Opening times of Spring, Europe/London"
    assert (told.text or "").startswith("Wed 25 Mar: open 00:30 to 17:00. Thu 26 Mar")


def test_hours_now_and_a_change_of_clocks_are_where_they_belong() -> None:
    root = drawing(picture([preview(WEEK, LONDON, asked(), [])], asked()))

    (
        first,
        *_,
    ) = root.findall("g")
    sunday = root.findall("g")[4]
    bars = {
        (rect.get("class"), rect.get("x"), rect.get("width"), (rect.findtext("title") or ""))
        for rect in sunday.findall("rect")
    }
    assert bars == {
        ("track", "96", "768", ""),
        ("open", "112.0", "16.0", "open 00:30 to 01:00"),
        ("gone", "128.0", "32.0", "left out by the clocks 01:00 to 02:00"),
        ("open", "160.0", "480.0", "open 02:00 to 17:00"),
    }
    line = first.find("g/line")
    assert line is not None
    assert line.get("x1") == "480.0"


def test_an_hour_that_comes_twice_is_marked() -> None:
    october = asked(datetime(2026, 10, 25, 12, tzinfo=UTC))
    page = picture([preview(WEEK, LONDON, october, [])], october)

    assert "comes twice 01:00 to 02:00" in page
    assert "Sun 25 Oct: clocks go back by 1 h, to 01:00 GMT." in page


def test_campaigns_are_drawn_one_under_the_other() -> None:
    one, other = named(preview(WEEK, LONDON, asked(), [])), named(preview(WEEK, ZoneInfo("Asia/Tokyo"), asked(), []))
    broken = Preview({"campaign": "c", "name": "B", "timezone": None, "notes": [], "fault": "no zone"})

    page = picture([one, other, broken], asked())

    assert page.count("<figure>") == 3
    assert page.count('role="img"') == 2
    assert "It never opens: no zone." in page


def test_a_campaign_without_a_name_has_its_id() -> None:
    assert "<h2>camp-1</h2>" in picture([named(preview(WEEK, LONDON, asked(), []), name="")], asked())


def test_the_forecast_stands_below() -> None:
    told = {"done_at": "2026-03-26T12:00:00Z", "waiting": 7, "never": {"number_invalid": 2}, "detail": None}
    page = picture([named(preview(WEEK, LONDON, asked(), []), forecast=told)], asked())

    assert "The list of 7 will be done Thu 26 Mar 2026 12:00 GMT" in page
    assert "2 number_invalid" in page


def test_what_cannot_be_foreseen_is_said() -> None:
    told: dict[str, object] = {"done_at": None, "waiting": 0, "never": {}, "detail": "no order waits"}

    assert "cannot be told: no order waits." in picture(
        [named(preview(WEEK, LONDON, asked(), []), forecast=told)], asked()
    )
