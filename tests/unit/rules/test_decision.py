import json
from datetime import timedelta
from typing import Any

import pytest

from dispatcher import __version__
from dispatcher.rules import zones
from dispatcher.rules.decision import campaign_part, recipient_part
from dispatcher.rules.recipient import applied
from dispatcher.rules.rulepack import RulePack
from dispatcher.rules.spacing import Call, Cap, Spacing
from tests.unit.rules.things import LONDON, NOON, PACK, WEEKDAYS, a_plan

HOUR = timedelta(hours=1)
SPACING = Spacing((Cap(3, timedelta(days=1), "retries.person_per_day"),), HOUR, "retries.person_gap")


def told(number: str, country: str | None = None, calling_rules: RulePack | None = None) -> dict[str, Any]:
    return recipient_part(number, country, [], NOON, calling_rules=calling_rules, spacing=SPACING)


def test_it_tells_the_campaigns_hours_as_they_were() -> None:
    source = zones.source()
    assert campaign_part(a_plan(), NOON) == {
        "at": "2026-01-12T12:00:00.000Z",
        "dispatcher": __version__,
        "timezone": "Europe/Berlin",
        "tzdata": {"version": source.version, "origin": source.origin},
        "schedule": WEEKDAYS,
        "local_time": "2026-01-12T13:00:00+01:00",
        "window": {"opens_at": "2026-01-12T08:00:00.000Z", "closes_at": "2026-01-12T16:00:00.000Z"},
    }


def test_a_campaign_that_never_closes_has_a_window_without_ends() -> None:
    always = {day: {"start": "00:00", "end": "24:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    assert campaign_part(a_plan(schedule=always), NOON)["window"] == {"opens_at": None, "closes_at": None}


@pytest.mark.parametrize("changes", [{"schedule": None}, {"timezone": "Mars/Olympus"}, {"timezone": None}])
def test_what_cannot_be_told_is_null(changes: dict[str, Any]) -> None:
    assert campaign_part(a_plan(**changes), NOON)["window"] is None


def test_a_closed_campaign_has_no_window() -> None:
    assert campaign_part(a_plan(), NOON + 8 * HOUR)["window"] is None


def test_it_tells_where_the_person_may_be_what_time_it_was_there_and_which_rules_held() -> None:
    found = told(LONDON, calling_rules=PACK)
    assert found["recipient"] == {
        "regions": ["GB"],
        "zones": ["Europe/London"],
        "local_times": ["2026-01-12T12:00:00+00:00"],
    }
    assert found["calling_rules"] == applied(LONDON, NOON, PACK)


def test_where_the_platform_says_that_the_person_is_counts_too() -> None:
    for pack in (None, PACK):
        found = told(LONDON, "DE", calling_rules=pack)["recipient"]
        assert found["regions"] == ["GB", "DE"]
        assert found["local_times"] == ["2026-01-12T12:00:00+00:00", "2026-01-12T13:00:00+01:00"]


def test_it_says_that_no_rule_was_asked() -> None:
    assert told(LONDON)["calling_rules"] == {"enabled": False}


def test_zones_with_the_same_clock_are_told_by_one_time() -> None:
    found = told("+61491570156")["recipient"]
    assert len(found["zones"]) > len(found["local_times"]) > 1


def test_it_tells_how_often_the_person_had_been_called() -> None:
    calls = [Call("other", NOON - 2 * HOUR), Call("other", NOON - 30 * HOUR)]
    found = recipient_part(LONDON, None, calls, NOON, calling_rules=None, spacing=SPACING)
    assert found["spacing"] == [{"source": "retries.person_per_day", "most": 3, "within_s": 86400, "made": 1}]


def test_it_is_json_and_holds_no_number() -> None:
    record = campaign_part(a_plan(), NOON) | told(LONDON, calling_rules=PACK)
    assert LONDON not in json.dumps(record)
    assert json.loads(json.dumps(record)) == record
