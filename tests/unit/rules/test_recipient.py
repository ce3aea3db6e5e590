from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.model.reasons import Code
from dispatcher.rules import numbers, recipient
from dispatcher.rules.recipient import lawful_until, recipient_reason
from dispatcher.rules.zones import zone

NEW_YORK = "+12125550100"
LONDON = "+442079460018"
SYDNEY_OR_PERTH = "+61491570156"
TOLL_FREE = "+18005550199"
NOWHERE = "+447700900123"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("e164", "at", "until"),
    [
        (NEW_YORK, "2026-01-12T13:00", "2026-01-13T02:00"),
        (NEW_YORK, "2026-01-13T01:59:59.999999", "2026-01-13T02:00"),
        (LONDON, "2026-01-18T12:00", "2026-01-18T21:00"),
        # The morning after the clocks went forward, and after they went back.
        (LONDON, "2026-03-29T07:00", "2026-03-29T20:00"),
        (LONDON, "2026-10-25T08:00", "2026-10-25T21:00"),
        # From Christmas Island's and Perth's eight o'clock to Lord Howe's nine in the evening.
        (SYDNEY_OR_PERTH, "2026-01-12T02:00", "2026-01-12T10:00"),
    ],
)
def test_a_person_may_be_called_from_eight_to_nine_in_the_evening(e164: str, at: str, until: str) -> None:
    assert recipient_reason(e164, utc(at)) is None
    assert lawful_until(e164, utc(at)) == utc(until)


@pytest.mark.parametrize(
    ("e164", "at", "until", "detail"),
    [
        (NEW_YORK, "2026-01-12T12:59:59.999999", "2026-01-12T13:00", "it is 07:59 in America/New_York; "),
        (NEW_YORK, "2026-01-13T02:00", "2026-01-13T13:00", "it is 21:00 in America/New_York; "),
        (LONDON, "2026-03-28T21:00", "2026-03-29T07:00", "it is 21:00 in Europe/London; "),
        (LONDON, "2026-03-29T06:59:59", "2026-03-29T07:00", "it is 07:59 in Europe/London; "),
        (LONDON, "2026-10-25T07:30", "2026-10-25T08:00", "it is 07:30 in Europe/London; "),
        (SYDNEY_OR_PERTH, "2026-01-12T10:00", "2026-01-13T01:30", "it is 21:00 in Australia/Lord_Howe, one of 8 zones"),
    ],
)
def test_outside_lawful_hours_the_reason_tells_where_and_until_when(
    e164: str, at: str, until: str, detail: str
) -> None:
    reason = recipient_reason(e164, utc(at))
    assert reason is not None
    assert reason.code is Code.RECIPIENT_HOURS_CLOSED
    assert reason.detail.startswith(detail)
    assert "47 CFR 64.1200(c)(1)" in reason.detail
    assert reason.until == utc(until)
    assert lawful_until(e164, utc(at)) is None
    assert recipient_reason(e164, utc(until)) is None


def test_a_number_of_unknown_place_is_not_called() -> None:
    reason = recipient_reason(NOWHERE, utc("2026-01-12T12:00"))
    assert reason is not None
    assert reason.code is Code.RECIPIENT_ZONE_UNKNOWN
    assert reason.until is None
    assert lawful_until(NOWHERE, utc("2026-01-12T12:00")) is None


def test_a_candidate_zone_that_the_database_does_not_have_makes_the_place_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recipient, "candidate_zones", lambda _: ("Europe/London", "Mars/Olympus"))
    reason = recipient_reason(LONDON, utc("2026-01-12T12:00"))
    assert reason is not None
    assert reason.code is Code.RECIPIENT_ZONE_UNKNOWN


def test_zones_with_no_hour_in_common_have_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        recipient, "candidate_zones", lambda _: ("Europe/London", "Asia/Shanghai", "America/Los_Angeles")
    )
    reason = recipient_reason(LONDON, utc("2026-01-12T12:00"))
    assert reason is not None
    assert reason.code is Code.RECIPIENT_HOURS_CLOSED
    assert reason.detail.startswith("it is 04:00 in America/Los_Angeles, one of 3 zones")
    assert reason.detail.endswith("no lawful hour in common in a week")
    assert reason.until is None


@pytest.mark.parametrize("e164", [NEW_YORK, SYDNEY_OR_PERTH, TOLL_FREE])
@pytest.mark.parametrize("day", ["2026-03-07", "2026-04-04", "2026-10-31"])
def test_every_quarter_of_an_hour_agrees_with_the_wall_clocks(e164: str, day: str) -> None:
    places = [zone(name) for name in numbers.candidate_zones(e164)]
    for quarter in range(2 * 96):
        at = utc(day) + quarter * timedelta(minutes=15)
        lawful = all(8 <= at.astimezone(place).hour < 21 for place in places)
        assert (recipient_reason(e164, at) is None) == lawful
        assert (lawful_until(e164, at) is not None) == lawful
