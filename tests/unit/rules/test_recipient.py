import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.model.reasons import Code
from dispatcher.rules import numbers, places, zones
from dispatcher.rules.packfile import parse
from dispatcher.rules.recipient import (
    applied,
    attempt_caps,
    forbids,
    lawful_until,
    recipient_reason,
    rules_of,
    would_block,
)
from dispatcher.rules.rulepack import RulePack
from dispatcher.rules.zones import zone
from tests.unit.rules.things import PACK

NEW_YORK = "+12125550100"
MIAMI = "+13055550100"
PROVIDENCE = "+14015550100"
LONDON = "+442079460018"
PARIS = "+33199000001"
SYDNEY_OR_PERTH = "+61491570156"
TOLL_FREE = "+18005550199"
HAVANA = "+5372000000"
ROME = "+390612345678"
STOCKHOLM = "+46313900601"
NOWHERE = "+447700900123"

HEAD = """version = "1"
[[rules]]
id = "mine"
effective_from = 2020-01-01
checked = 2026-01-01
source = "our law"
"""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_pack(rule: str, **changes: object) -> RulePack:
    wanted = {"modes": (), "blackout_dates": (), "unknown_zone": "block"} | changes
    return parse(HEAD + rule, "test").with_settings(**wanted)  # type: ignore[arg-type]


EVERYONE = a_pack('countries = ["*"]\nhours = { daily = "08:00-21:00" }')


@pytest.fixture
def anywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Lets a test say in which zones a number may ring, as `candidate_zones`."""
    places.places.cache_clear()
    yield monkeypatch
    places.places.cache_clear()


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


def test_rules_that_bind_are_all_that_may_be_the_persons_law() -> None:
    assert [rule.id for rule in rules_of(MIAMI, utc("2026-01-12T12:00"), PACK)] == ["us-federal", "us-fl", "us-debt"]
    claimed = [rule.id for rule in rules_of(LONDON, utc("2026-09-12T12:00"), PACK, "fr")]
    assert claimed == ["gb-practice", "fr-hours", "fr-opt-in"]


def test_a_country_that_the_platform_tells_narrows_the_hours() -> None:
    lunch = utc("2026-01-12T12:30")
    assert recipient_reason(LONDON, lunch, PACK) is None
    reason = recipient_reason(LONDON, lunch, PACK, "FR")
    assert reason is not None
    assert "fr-hours" in reason.detail
    # French hours on the clock of either country, since nobody knows in which the person is.
    assert reason.until == utc("2026-01-12T14:00")
    assert lawful_until(LONDON, lunch, PACK, "FR") is None
    assert lawful_until(LONDON, reason.until, PACK, "FR") == utc("2026-01-12T19:00")
    assert "fr-hours" in applied(LONDON, lunch, PACK, "FR")["rules"]
    shadow = PACK.with_settings(modes=[("fr-hours", "shadow")], blackout_dates=(), unknown_zone="block")
    assert would_block(LONDON, lunch, shadow, "FR") == ["fr-hours"]
    assert would_block(LONDON, lunch, shadow) == []


def test_caps_are_those_of_the_rules_that_bind() -> None:
    (cap,) = attempt_caps(MIAMI, utc("2026-01-12T12:00"), PACK)
    assert (cap.most, cap.within, cap.source) == (3, timedelta(hours=24), "us-fl")
    assert attempt_caps(NEW_YORK, utc("2026-01-12T12:00"), PACK) == []
    assert [cap.source for cap in attempt_caps(NEW_YORK, utc("2026-01-12T12:00"), PACK, "FR")] == ["fr-hours"]
    debt = PACK.with_settings(modes=[("us-debt", "on")], blackout_dates=(), unknown_zone="block")
    assert [(cap.most, cap.within.days) for cap in attempt_caps(NEW_YORK, utc("2026-01-12T12:00"), debt)] == [(7, 7)]


def test_a_rule_in_shadow_or_off_blocks_nothing() -> None:
    lunch = utc("2026-01-12T12:30")
    for mode in ("shadow", "off"):
        told = PACK.with_settings(modes=[("fr-hours", mode)], blackout_dates=(), unknown_zone="block")
        assert recipient_reason(PARIS, lunch, told) is None
        assert would_block(PARIS, lunch, told) == (["fr-hours"] if mode == "shadow" else [])
        assert would_block(PARIS, utc("2026-01-12T11:30"), told) == []


def test_a_rule_without_hours_would_block_nothing() -> None:
    assert would_block(LONDON, utc("2026-01-12T03:00"), a_pack('countries = ["GB"]\nmode = "shadow"')) == []


def test_the_record_of_a_call_names_the_pack_and_the_rules() -> None:
    shadow = PACK.with_settings(modes=[("us-fl", "shadow")], blackout_dates=(), unknown_zone="block")
    assert applied(MIAMI, utc("2026-01-12T12:00"), shadow) == {
        "enabled": True,
        "pack": PACK.version,
        "rules": ["us-federal"],
        "shadow": ["us-fl"],
    }


def test_whoever_has_only_numbers_asks_by_the_same_function_each_time() -> None:
    assert forbids(PACK) is forbids(PACK)
    reason = forbids(PACK)(NEW_YORK, utc("2026-01-12T03:00"))
    assert reason is not None
    assert reason.code is Code.RECIPIENT_HOURS_CLOSED


def test_new_zone_data_is_asked_at_once() -> None:
    recipient_reason(LONDON, utc("2026-01-12T12:00"), PACK)
    before = zones.zones(("Europe/London",))
    zones.use_newest()
    try:
        assert zones.zones(("Europe/London",))[0] is not before[0]
    finally:
        zoneinfo.reset_tzpath()
        zoneinfo.ZoneInfo.clear_cache()
        zones.names.cache_clear()
        zones.zones.cache_clear()
