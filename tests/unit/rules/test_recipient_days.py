"""Holidays, the days before them, and blackout dates, each on the person's own clock."""

from datetime import date, timedelta

import pytest

from dispatcher.model.reasons import Code
from dispatcher.rules import places
from dispatcher.rules.packfile import parse
from dispatcher.rules.recipient import (
    lawful_until,
    recipient_reason,
)
from tests.unit.rules.persons import HAVANA, HEAD, LONDON, NEW_YORK, PARIS, a_pack, utc
from tests.unit.rules.things import PACK

ROME = "+390612345678"


def test_a_public_holiday_ends_with_the_next_lawful_hour() -> None:
    reason = recipient_reason(PARIS, utc("2026-12-25T11:00"), PACK)
    assert reason is not None
    assert reason.code is Code.HOLIDAY
    assert reason.detail.startswith("2026-12-25 is Christmas Day in Europe/Paris, and fr-hours allows no calls then (")
    assert reason.until == utc("2026-12-28T09:00")
    assert recipient_reason(NEW_YORK, utc("2026-12-25T16:00"), PACK) is None


def test_the_day_before_a_holiday_has_hours_of_its_own() -> None:
    # 8 December is one in Italy; the 7th is a Monday.
    reason = recipient_reason(ROME, utc("2026-12-07T08:59:59"), PACK)
    assert reason is not None
    assert (reason.code, reason.until) == (Code.RECIPIENT_HOURS_CLOSED, utc("2026-12-07T09:00"))
    assert reason.detail.startswith(
        "it is 09:59 in Europe/Rome; it-code allows calls on mon before a holiday 10:00-19:00 ("
    )
    assert lawful_until(ROME, utc("2026-12-07T09:00"), PACK) == utc("2026-12-07T18:00")
    evening = recipient_reason(ROME, utc("2026-12-07T18:00"), PACK)
    assert evening is not None
    assert evening.until == utc("2026-12-09T08:00")
    assert lawful_until(ROME, utc("2026-12-09T08:00"), PACK) == utc("2026-12-09T19:00")


def test_hours_run_on_into_the_day_before_a_holiday_where_both_have_midnight() -> None:
    nights = a_pack('countries = ["IT"]\nhours = { daily = "00:00-24:00" }\nbefore_holidays = "00:00-20:00"')
    assert lawful_until(ROME, utc("2026-12-05T12:00"), nights) == utc("2026-12-07T19:00")
    reason = recipient_reason(ROME, utc("2026-12-07T19:00"), nights)
    assert reason is not None
    assert reason.until == utc("2026-12-07T23:00")


def test_a_blackout_is_a_day_on_the_persons_own_clock() -> None:
    dark = a_pack('countries = ["*"]\nhours = { daily = "00:00-24:00" }', blackout_dates=(date(2026, 1, 12),))
    assert recipient_reason(NEW_YORK, utc("2026-01-12T04:59:59"), dark) is None
    assert lawful_until(NEW_YORK, utc("2026-01-12T04:59:59"), dark) == utc("2026-01-12T05:00")
    reason = recipient_reason(NEW_YORK, utc("2026-01-12T05:00"), dark)
    assert reason is not None
    assert (reason.code, reason.until) == (Code.HOLIDAY, utc("2026-01-13T05:00"))
    assert reason.detail.startswith("2026-01-12 is a blackout date in America/New_York, and blackout allows no calls")


@pytest.mark.usefixtures("_far_east")
def test_where_the_host_is_changes_nothing_of_a_blackout() -> None:
    dark = a_pack('countries = ["*"]\nhours = { daily = "00:00-24:00" }', blackout_dates=(date(2026, 1, 12),))
    until = lawful_until(NEW_YORK, utc("2026-01-12T04:59:59"), dark)
    assert until is not None
    assert until.isoformat() == "2026-01-12T05:00:00+00:00"
    reason = recipient_reason(NEW_YORK, utc("2026-01-13T04:59:59"), dark)
    assert reason is not None
    assert reason.detail == (
        "2026-01-12 is a blackout date in America/New_York, and blackout allows no calls then"
        " (calling_rules.blackout_dates)"
    )


def test_the_sentence_names_the_source_of_the_hours() -> None:
    rule = 'countries = ["*"]\nhours = { daily = "08:00-21:00" }'
    reason = recipient_reason(LONDON, utc("2026-01-12T22:15"), a_pack(rule))
    assert reason is not None
    assert reason.detail == "it is 22:15 in Europe/London; mine allows calls on mon 08:00-21:00 (our law)"


def test_a_blackout_of_weeks_still_tells_its_end() -> None:
    days = tuple(date(2026, 1, 1) + timedelta(days=number) for number in range(20))
    reason = recipient_reason(
        NEW_YORK, utc("2026-01-02T16:00"), PACK.with_settings(modes=(), blackout_dates=days, unknown_zone="block")
    )
    assert reason is not None
    assert reason.until == utc("2026-01-21T13:00")


def test_a_first_hour_that_comes_twice_is_of_its_day_both_times() -> None:
    # On 2 November 2025 Havana's clocks went back from one o'clock to midnight.
    dark = a_pack('countries = ["CU"]', blackout_dates=(date(2025, 11, 2),))
    assert recipient_reason(HAVANA, utc("2025-11-02T03:59:59"), dark) is None
    for at in ("2025-11-02T04:00", "2025-11-02T05:30", "2025-11-03T04:59:59"):
        reason = recipient_reason(HAVANA, utc(at), dark)
        assert reason is not None
        assert (reason.code, reason.until) == (Code.HOLIDAY, utc("2025-11-03T05:00"))


def test_an_hour_before_midnight_that_comes_twice_stays_closed_throughout(anywhere: pytest.MonkeyPatch) -> None:
    anywhere.setattr(places, "candidate_zones", lambda _: ("America/St_Johns",))
    # On 29 October 1989 St John's went back from 00:01 to 23:01 of the day before.
    old = parse(HEAD.replace("2020", "1980") + 'countries = ["CA"]', "test")
    dark = old.with_settings(modes=(), blackout_dates=(date(1989, 10, 29),), unknown_zone="block")
    midnight = utc("1989-10-29T02:30")
    for minutes in (0, 30, 59, 61, 90):
        reason = recipient_reason("+17097222222", midnight + minutes * timedelta(minutes=1), dark)
        assert reason is not None, minutes
        assert reason.code is Code.HOLIDAY
        assert reason.detail.startswith("1989-10-29 is a blackout date in America/St_Johns, and blackout allows no")
