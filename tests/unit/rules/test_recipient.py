"""The lawful hours of a person, on the clocks of their place."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.model.reasons import Code
from dispatcher.rules import numbers, places
from dispatcher.rules.recipient import (
    lawful_until,
    recipient_reason,
    would_block,
)
from dispatcher.rules.zones import zone
from tests.unit.rules.persons import HAVANA, LONDON, MIAMI, NEW_YORK, PARIS, a_pack, utc
from tests.unit.rules.things import PACK

PROVIDENCE = "+14015550100"
SYDNEY_OR_PERTH = "+61491570156"
TOLL_FREE = "+18005550199"
STOCKHOLM = "+46313900601"
NOWHERE = "+447700900123"

EVERYONE = a_pack('countries = ["*"]\nhours = { daily = "08:00-21:00" }')


@pytest.mark.parametrize(
    ("e164", "at", "until"),
    [
        (NEW_YORK, "2026-01-12T13:00", "2026-01-13T02:00"),
        (NEW_YORK, "2026-01-13T01:59:59.999999", "2026-01-13T02:00"),
        (LONDON, "2026-01-18T12:00", "2026-01-18T21:00"),
        # The morning after the clocks went forward, and after they went back.
        (LONDON, "2026-03-29T08:00", "2026-03-29T20:00"),
        (LONDON, "2026-10-25T09:00", "2026-10-25T21:00"),
        # From Cocos' nine o'clock to Lord Howe's eight in the evening.
        (SYDNEY_OR_PERTH, "2026-01-12T03:00", "2026-01-12T09:00"),
        (PARIS, "2026-01-12T11:59", "2026-01-12T12:00"),
        (MIAMI, "2026-01-12T13:00", "2026-01-13T01:00"),
    ],
)
def test_a_person_may_be_called_in_the_lawful_hours_of_their_place(e164: str, at: str, until: str) -> None:
    assert recipient_reason(e164, utc(at), PACK) is None
    assert lawful_until(e164, utc(at), PACK) == utc(until)


@pytest.mark.parametrize(
    ("e164", "at", "until", "detail"),
    [
        (NEW_YORK, "2026-01-12T12:59:59.999999", "2026-01-12T13:00", "it is 07:59 in America/New_York; us-federal "),
        (NEW_YORK, "2026-01-13T02:00", "2026-01-13T13:00", "it is 21:00 in America/New_York; us-federal "),
        (
            MIAMI,
            "2026-01-13T01:00",
            "2026-01-13T13:00",
            "it is 20:00 in America/New_York; us-fl allows calls on mon 08",
        ),
        (LONDON, "2026-03-28T21:00", "2026-03-29T08:00", "it is 21:00 in Europe/London; "),
        (LONDON, "2026-03-29T07:59:59", "2026-03-29T08:00", "it is 08:59 in Europe/London; "),
        (LONDON, "2026-10-25T08:30", "2026-10-25T09:00", "it is 08:30 in Europe/London; "),
        (
            PROVIDENCE,
            "2026-01-11T17:00",
            "2026-01-12T14:00",
            "it is 12:00 in America/New_York; us-ri allows calls on sun at no",
        ),
        (
            PARIS,
            "2026-01-12T12:00",
            "2026-01-12T13:00",
            "it is 13:00 in Europe/Paris; fr-hours allows calls on mon 10:00-13:00, 14:",
        ),
        (SYDNEY_OR_PERTH, "2026-01-12T10:00", "2026-01-13T02:30", "it is 20:30 in Australia/Adelaide, one of 8 zones"),
    ],
)
def test_outside_lawful_hours_the_reason_tells_the_rule_where_and_until_when(
    e164: str, at: str, until: str, detail: str
) -> None:
    reason = recipient_reason(e164, utc(at), PACK)
    assert reason is not None
    assert reason.code is Code.RECIPIENT_HOURS_CLOSED
    assert reason.detail.startswith(detail)
    assert reason.until == utc(until)
    assert lawful_until(e164, utc(at), PACK) is None
    assert recipient_reason(e164, utc(until), PACK) is None


def test_a_number_of_unknown_place_is_not_called() -> None:
    reason = recipient_reason(NOWHERE, utc("2026-01-12T12:00"), PACK)
    assert reason is not None
    assert reason.code is Code.RECIPIENT_ZONE_UNKNOWN
    assert reason.detail == "the number does not tell in which time zone the person is"
    assert reason.until is None
    assert lawful_until(NOWHERE, utc("2026-01-12T12:00"), PACK) is None


def test_a_number_of_unknown_place_may_be_judged_by_its_whole_country() -> None:
    lenient = PACK.with_settings(modes=(), blackout_dates=(), unknown_zone="country")
    assert recipient_reason(NOWHERE, utc("2026-01-12T12:00"), lenient) is None
    assert lawful_until(NOWHERE, utc("2026-01-12T12:00"), lenient) == utc("2026-01-12T21:00")


def test_a_candidate_zone_that_the_database_does_not_have_makes_the_place_unknown(
    anywhere: pytest.MonkeyPatch,
) -> None:
    anywhere.setattr(places, "candidate_zones", lambda _: ("Europe/London", "Mars/Olympus"))
    reason = recipient_reason(LONDON, utc("2026-01-12T12:00"), PACK)
    assert reason is not None
    assert reason.code is Code.RECIPIENT_ZONE_UNKNOWN
    shadow = PACK.with_settings(modes=[("gb-practice", "shadow")], blackout_dates=(), unknown_zone="block")
    assert would_block(LONDON, utc("2026-01-12T03:00"), shadow) == []


def test_zones_with_no_hour_in_common_have_no_end(anywhere: pytest.MonkeyPatch) -> None:
    anywhere.setattr(places, "candidate_zones", lambda _: ("Europe/London", "Asia/Shanghai", "America/Los_Angeles"))
    reason = recipient_reason(LONDON, utc("2026-01-12T12:00"), PACK)
    assert reason is not None
    assert reason.code is Code.RECIPIENT_HOURS_CLOSED
    assert reason.detail.startswith("it is 04:00 in America/Los_Angeles, one of 3 zones")
    assert reason.detail.endswith("no lawful hour in all its zones in 40 days")
    assert reason.until is None


@pytest.mark.parametrize("e164", [NEW_YORK, STOCKHOLM, SYDNEY_OR_PERTH, TOLL_FREE])
@pytest.mark.parametrize("day", ["2026-03-07", "2026-04-04", "2026-10-31"])
def test_every_quarter_of_an_hour_agrees_with_the_wall_clocks(e164: str, day: str) -> None:
    zones_ = [zone(name) for name in numbers.candidate_zones(e164)]
    for quarter in range(2 * 96):
        at = utc(day) + quarter * timedelta(minutes=15)
        lawful = all(8 <= at.astimezone(one).hour < 21 for one in zones_)
        assert (recipient_reason(e164, at, EVERYONE) is None) == lawful
        assert (lawful_until(e164, at, EVERYONE) is not None) == lawful


@given(
    st.sampled_from(
        [NEW_YORK, MIAMI, PROVIDENCE, LONDON, PARIS, SYDNEY_OR_PERTH, HAVANA, "+39061234567", "+17097222222"]
    ),
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_a_reason_ends_when_a_call_is_lawful_again_and_not_before(e164: str, at: datetime) -> None:
    reason = recipient_reason(e164, at, PACK)
    ends = lawful_until(e164, at, PACK)
    assert (reason is None) == (ends is not None)
    if ends is not None:
        assert at < ends
        assert recipient_reason(e164, ends - timedelta(microseconds=1), PACK) is None
        # What has no hours may end at the end of what was looked at.
        assert recipient_reason(e164, ends, PACK) is not None or ends - at > timedelta(days=6)
    elif reason is not None and reason.until is not None:
        assert at < reason.until
        assert recipient_reason(e164, reason.until, PACK) is None
        assert recipient_reason(e164, reason.until - timedelta(microseconds=1), PACK) is not None
