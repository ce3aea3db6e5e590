from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dispatcher.model.note import NoteCode
from dispatcher.model.reasons import Code, Reason
from dispatcher.rules.lint import Sampled, first_lawful, lint, places
from dispatcher.rules.numbers import candidate_zones
from dispatcher.rules.schedule import DAYS, parse_schedule
from dispatcher.rules.windows import Window, is_open, next_change

from .things import LONDON, NOON, a_phone, a_plan

GERMAN = a_phone(country="DE")
NEW_YORK, HONOLULU = "+12125550100", "+18085550100"

DAY = [{"start": "12:00", "end": "14:00"}]
LAWFUL = parse_schedule({day: {"start": "08:00", "end": "21:00"} for day in DAYS})


def hours(start: str, end: str, *days: str) -> dict[str, Any]:
    return {day: {"start": start, "end": end} for day in days or ("mon", "tue")}


def by_day(number: str, at: datetime) -> Reason | None:
    """Forbids calls outside 08:00 to 21:00 where the number is."""
    zone = ZoneInfo(candidate_zones(number)[0])
    if is_open(LAWFUL, zone, at):
        return None
    return Reason(Code.RECIPIENT_HOURS_CLOSED, "it is night", next_change(LAWFUL, zone, at))


def notes(numbers: list[str] | None = None, at: datetime = NOON, **changes: Any) -> list[tuple[str, str]]:
    sampled = None if numbers is None else Sampled(tuple(numbers), by_day)
    changes.setdefault("found", GERMAN)
    return [(note.code.value, note.detail) for note in lint(a_plan(**changes), at, sampled)]


def test_a_plain_campaign_has_no_notes() -> None:
    assert notes([LONDON]) == []


def test_keys_that_are_no_days_are_noted_each() -> None:
    found = notes(schedule=hours("09:00", "17:00") | {"Monday": {}, "x": 1})

    assert [code for code, _ in found] == ["schedule_key_ignored"] * 2
    assert "'Monday'" in found[0][1]


def test_a_window_past_midnight_is_named() -> None:
    [(code, detail)] = notes(schedule=hours("22:00", "02:00", "fri"))

    assert code == "window_spans_midnight"
    assert detail.startswith("fri 22:00-02:00 runs past midnight")


def test_several_windows_past_midnight_are_one_note() -> None:
    several = hours("22:00", "02:00", "sun", "mon") | {"tue": [{"start": "23:00", "end": "01:00"}]}
    [(_, detail)] = notes(schedule=several)

    assert detail.startswith("mon 22:00-02:00, tue 23:00-01:00 and sun 22:00-02:00 run past midnight")


def test_many_windows_are_only_counted() -> None:
    [(_, detail)] = notes(schedule=hours("22:00", "02:00", "mon", "tue", "wed", "thu", "fri", "sat", "sun"))

    assert "and 2 more run past" in detail


@pytest.mark.parametrize("end", ["00:00", "24:00"])
def test_a_window_that_ends_at_midnight_does_not_span_it(end: str) -> None:
    assert notes(schedule=hours("09:00", end)) == []


def test_a_schedule_that_is_malformed_is_a_reason_and_no_note() -> None:
    assert notes([LONDON], schedule={"mon": None}) == []


def test_a_window_in_the_night_of_all_who_are_called_is_noted() -> None:
    [(code, detail)] = notes([LONDON], schedule={"mon": [{"start": "05:00", "end": "07:30"}, *DAY]})

    assert code == "window_outside_lawful_hours"
    assert detail.startswith("mon 05:00-07:30 lies outside every lawful hour")


def test_a_window_that_suits_one_of_them_is_not_noted() -> None:
    schedule = hours("22:00", "23:30")

    assert [code for code, _ in notes([LONDON], schedule=schedule)] == ["window_outside_lawful_hours"]
    assert notes([LONDON, NEW_YORK], schedule=schedule) == []


def test_windows_in_the_night_are_named_in_the_order_of_the_week() -> None:
    [(_, detail)] = notes([LONDON], schedule=hours("05:00", "07:00", "sun", "mon"))

    assert detail.startswith("mon 05:00-07:00 and sun 05:00-07:00 lie outside")


def test_a_window_that_has_just_a_rest_left_is_judged_whole() -> None:
    # In the last minutes, 20:59 in London is behind; the window itself begins at a lawful hour.
    assert notes([LONDON], NOON.replace(hour=21, minute=30), schedule=hours("20:00", "23:00", "mon", "tue")) == []


def test_a_day_that_is_forbidden_only_once_makes_no_note() -> None:
    def forbids(_: str, at: datetime) -> Reason | None:
        holiday = NOON.replace(hour=0) + timedelta(days=7)
        return Reason(Code.HOLIDAY, "a day off") if holiday <= at < holiday + timedelta(days=1) else None

    assert lint(a_plan(GERMAN), NOON, Sampled((LONDON,), forbids)) == ()


def test_the_sample_may_hold_no_number_of_a_known_place() -> None:
    assert notes(["+8835100000000"], schedule=hours("03:00", "04:00")) == []


def test_without_a_zone_nothing_is_said_of_lawful_hours() -> None:
    assert notes([LONDON], timezone="Mars/Olympus") == []


def test_one_number_stands_for_each_place() -> None:
    assert places((LONDON, "+442079460019", NEW_YORK, "+8835100000000")) == (LONDON, NEW_YORK)
    # The same clock, another state's law.
    assert places((NEW_YORK, "+13055550100", "+12125550101")) == (NEW_YORK, "+13055550100")


def test_a_zone_of_another_country_than_the_phones_is_noted() -> None:
    [(code, detail)] = notes(found=a_phone(country=" us "))

    assert code == "zone_not_of_phone_country"
    assert detail == "the time zone Europe/Berlin is not kept in US, the country of the phone +16054440129"


@pytest.mark.parametrize("country", [None, "", "USA", "XX"])
def test_a_country_that_is_not_known_is_no_matter(country: str | None) -> None:
    assert notes(found=a_phone(country=country)) == []


def test_what_is_not_assigned_is_noted_with_its_reason() -> None:
    assert [code for code, _ in notes(phone=None, assistant=None)] == [NoteCode.NO_PHONE, NoteCode.NO_ASSISTANT]


def test_an_inbound_campaign_needs_neither_phone_nor_assistant_to_dial_with() -> None:
    assert notes(phone=None, assistant=None, type="inbound") == []


def test_the_first_lawful_instant_of_a_window_is_that_of_whoever_comes_first() -> None:
    opens = datetime.fromisoformat("2026-01-12T12:30:00Z")
    window = Window(opens, opens + timedelta(hours=8))

    assert first_lawful(window, [HONOLULU, NEW_YORK], by_day) == opens + timedelta(minutes=30)
    assert first_lawful(window, [NEW_YORK, HONOLULU], by_day) == opens + timedelta(minutes=30)
    assert first_lawful(window, [NEW_YORK, LONDON], by_day) == opens


def test_a_window_without_a_lawful_instant_has_none() -> None:
    opens = datetime.fromisoformat("2026-01-12T04:00:00Z")

    assert first_lawful(Window(opens, opens + timedelta(hours=2)), [LONDON], by_day) is None
