from datetime import UTC, date, datetime, timedelta

import pytest

from dispatcher.errors import ConfigurationError
from dispatcher.rules.packfile import parse
from dispatcher.rules.rulepack import Mode, Rule, RulePack
from dispatcher.rules.schedule import Week
from tests.unit.rules.things import PACK

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
CHRISTMAS = date(2026, 12, 25)


def a_rule(id_: str, countries: set[str], **changes: object) -> Rule:
    told = {"source": "law", "effective_from": date(2020, 1, 1)} | changes
    return Rule(id=id_, countries=frozenset(countries), **told)  # type: ignore[arg-type]


def ids(pack: RulePack, *regions: str, at: datetime = NOON, mode: Mode = "on") -> list[str]:
    return [rule.id for rule in pack.binding(regions, at, mode)]


def of(*rules: Rule) -> RulePack:
    return RulePack("1", rules)


def test_a_state_is_bound_by_its_country_and_itself() -> None:
    assert ids(PACK, "US-FL") == ["us-federal", "us-fl"]
    assert ids(PACK, "US-CA") == ["us-federal"]
    assert ids(PACK, "PR") == ["us-federal"]


def test_a_country_whose_state_is_not_known_is_bound_by_the_rules_of_all() -> None:
    assert {"us-fl", "us-ri", "us-me"} < set(ids(PACK, "US"))


def test_several_places_are_bound_by_the_rules_of_each() -> None:
    assert ids(PACK, "GB", "US-TX") == ["us-federal", "us-tx", "gb-practice"]


def test_the_default_binds_only_where_no_other_rule_tells_hours() -> None:
    assert ids(PACK, "SE") == ["default"]
    assert ids(PACK, "SE", "GB") == ["default", "gb-practice"]
    silent = of(*parse_default(), a_rule("us", {"US"}), a_rule("us-fl", {"US"}, states=frozenset({"FL"}), week=WEEK))
    assert ids(silent, "US-CA") == ["default", "us"]


def parse_default() -> tuple[Rule, ...]:
    return tuple(rule for rule in PACK.rules if rule.id == "default")


WEEK = parse_default()[0].week


def test_a_rule_switched_off_brings_no_default_back() -> None:
    off = PACK.with_settings(modes=[("gb-practice", "off")], blackout_dates=(), unknown_zone="block")
    assert ids(off, "GB") == []
    assert ids(off, "GB", mode="off") == ["gb-practice"]


def test_a_rule_binds_from_two_days_before_its_dates_to_one_after() -> None:
    dated = of(a_rule("law", {"GB"}, effective_from=date(2026, 1, 10), effective_until=date(2026, 1, 20)))
    days = [day for day in range(1, 32) if ids(dated, "GB", at=NOON.replace(day=day))]
    assert days == list(range(8, 22))


@pytest.mark.usefixtures("_far_east")
def test_a_rule_binds_by_the_day_of_utc_wherever_the_host_is() -> None:
    dated = of(a_rule("law", {"GB"}, effective_from=date(2026, 1, 10), effective_until=date(2026, 1, 20)))
    assert [day for day in range(1, 32) if ids(dated, "GB", at=NOON.replace(day=day))] == list(range(8, 22))


def test_the_opt_in_of_france_is_dated() -> None:
    assert "fr-opt-in" not in ids(PACK, "FR", at=datetime(2026, 8, 8, tzinfo=UTC))
    assert "fr-opt-in" in ids(PACK, "FR", at=datetime(2026, 8, 11, tzinfo=UTC))


def test_a_blackout_binds_everybody_and_comes_first() -> None:
    dark = PACK.with_settings(modes=(), blackout_dates=[CHRISTMAS], unknown_zone="country")
    assert ids(dark, "GB") == ["blackout", "gb-practice"]
    assert ids(dark, "GB", mode="shadow") == []
    assert dark.blackout is not None
    assert dark.blackout.has_calendar
    assert dark.blackout.day_off((), CHRISTMAS) == "a blackout date"
    assert dark.blackout.day_off((), CHRISTMAS + timedelta(days=1)) is None
    assert dark.blackout.source == "calling_rules.blackout_dates"
    assert dark.unknown_zone == "country"


def test_a_person_of_unknown_zone_is_not_called_unless_that_is_asked_for() -> None:
    assert of().unknown_zone == "block"


def test_holidays_are_those_of_the_place() -> None:
    pennsylvania = a_rule("pa", {"US"}, states=frozenset({"PA"}), on_holidays=False)
    assert pennsylvania.day_off(("US-PA",), CHRISTMAS) == "Christmas Day"
    assert pennsylvania.day_off(("US",), CHRISTMAS) == "Christmas Day"
    assert pennsylvania.day_off(("US-FL",), CHRISTMAS) is None
    mardi_gras, louisiana = date(2026, 2, 17), a_rule("la", {"US"}, states=frozenset({"LA"}), on_holidays=False)
    assert louisiana.day_off(("US-LA",), mardi_gras) == louisiana.day_off(("US",), mardi_gras) == "Mardi Gras"
    assert pennsylvania.day_off(("US-PA",), date(2026, 12, 23)) is None
    assert a_rule("fr", {"FR"}, on_holidays=False).day_off(("FR",), date(2026, 7, 14)) == "National Day"
    assert a_rule("gb", {"GB"}).day_off(("GB",), CHRISTMAS) is None
    assert not a_rule("gb", {"GB"}).has_calendar


def test_days_before_holidays_are_those_of_the_place() -> None:
    usual, short = Week((480, 1200)), Week((600, 1140))
    rule = a_rule("pa", {"US"}, states=frozenset({"PA"}), week=usual, eves=short)
    assert rule.has_calendar
    assert rule.week_on(("US-PA",), CHRISTMAS - timedelta(days=1)) is short
    assert rule.week_on(("US-FL",), CHRISTMAS - timedelta(days=1)) is usual
    assert rule.week_on(("US-PA",), CHRISTMAS) is usual
    assert rule.day_off(("US-PA",), CHRISTMAS) is None
    assert a_rule("pa", {"US"}, week=usual).week_on(("US",), CHRISTMAS - timedelta(days=1)) is usual


@pytest.mark.parametrize(
    ("modes", "fault"),
    [
        ([("us-xx", "off")], "calling_rules.off names 'us-xx', which is no rule: see `dispatcher rules show`."),
        ([("us-fl", "off"), ("us-fl", "on")], "calling_rules.on and calling_rules.off both name 'us-fl': keep one."),
    ],
)
def test_modes_of_no_rule_and_two_modes_of_one_are_refused(modes: list[tuple[str, Mode]], fault: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        PACK.with_settings(modes=modes, blackout_dates=(), unknown_zone="block")
    assert raised.value.faults == (fault,)


def test_every_fault_of_the_settings_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as raised:
        PACK.with_settings(modes=[("a", "off"), ("b", "on")], blackout_dates=(), unknown_zone="block")
    assert len(raised.value.faults) == 2


def test_it_remembers_calls_for_its_longest_cap() -> None:
    assert PACK.memory == timedelta(days=30)
    bare = 'version = "1"\n[[rules]]\nid = "x1"\ncountries = ["US"]\neffective_from = 2020-01-01\n'
    assert parse(bare + 'checked = 2020-01-01\nsource = "x"\n', "x").memory == timedelta(0)


STATES = ["fl", "ok", "md", "wa", "al", "la", "ms", "ct", "ky", "ma", "ri", "tx", "nv", "pa", "me"]
ELSEWHERE = [
    *("ca-crtc", "gb-practice", "fr-hours", "fr-opt-in", "de-practice", "es-hours"),
    *("it-code", "au-standard", "in-trai", "br-anatel"),
]
LISTED = ["us-federal", "us-debt", *(f"us-{state}" for state in STATES), *ELSEWHERE]


@pytest.mark.parametrize("name", LISTED)
def test_the_pack_has_the_places_that_it_is_known_to_have(name: str) -> None:
    (rule,) = (rule for rule in PACK.rules if rule.id == name)
    assert rule.source
    assert rule.checked is not None or rule.note is not None


def test_debt_collection_is_off_until_it_is_asked_for() -> None:
    assert {rule.id for rule in PACK.rules if rule.mode == "off"} == {"us-debt"}
    assert {rule.id for rule in PACK.rules if rule.mode == "shadow"} == {"us-ok-device"}
