"""Which rules are a person's law, what each adds, and what is recorded of them."""

import zoneinfo
from datetime import timedelta

from dispatcher.model.reasons import Code
from dispatcher.rules import zones
from dispatcher.rules.recipient import (
    applied,
    attempt_caps,
    forbids,
    lawful_until,
    recipient_reason,
    rules_of,
    would_block,
)
from tests.unit.rules.persons import LONDON, MIAMI, NEW_YORK, PARIS, a_pack, utc
from tests.unit.rules.things import PACK


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
