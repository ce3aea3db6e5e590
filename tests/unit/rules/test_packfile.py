"""What a file of calling rules may say, and how each fault of it is told."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.errors import ConfigurationError
from dispatcher.rules.packfile import parse, shipped
from dispatcher.rules.rulepack import hours

ROOT = Path(__file__).parents[3]

GOOD = {
    "id": '"mine"',
    "countries": '["US"]',
    "effective_from": "2020-01-01",
    "checked": "2026-01-01",
    "source": '"our law"',
}


def written(*changes: dict[str, str], version: str = 'version = "1"\n') -> str:
    tables = ("\n".join(f"{key} = {value}" for key, value in (GOOD | change).items() if value) for change in changes)
    return version + "".join(f"[[rules]]\n{table}\n" for table in tables)


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        parse(text, "rules.toml")
    return list(raised.value.faults)


def test_a_rule_is_read_with_all_that_it_says() -> None:
    told = {
        "states": '["RI", "PA"]',
        "mode": '"shadow"',
        "hours": '{ weekdays = ["14:00-20:00", "10:00-13:00"], sat = "00:00-24:00" }',
        "on_holidays": "false",
        "attempts": "[{ count = 3, hours = 24 }, { count = 4, days = 30 }]",
        "effective_until": "2030-01-01",
        "consent": '"in writing"',
        "note": '"none"',
    }
    (rule,) = parse(written(told), "rules.toml").rules
    assert (rule.id, set(rule.countries), set(rule.states)) == ("mine", {"US"}, {"RI", "PA"})
    assert (rule.mode, rule.on_holidays, rule.source) == ("shadow", False, "our law")
    assert (rule.effective_from, rule.effective_until) == (date(2020, 1, 1), date(2030, 1, 1))
    assert (rule.checked, rule.consent, rule.note) == (date(2026, 1, 1), "in writing", "none")
    assert rule.week is not None
    assert [hours(rule.week, day) for day in (0, 4, 5, 6)] == ["10:00-13:00, 14:00-20:00"] * 2 + ["00:00-24:00", ""]
    assert [(cap.most, cap.within, cap.source) for cap in rule.caps] == [
        (3, timedelta(hours=24), "mine"),
        (4, timedelta(days=30), "mine"),
    ]


def test_what_a_rule_does_not_say_it_does_not_ask() -> None:
    (rule,) = parse(written({}), "rules.toml").rules
    assert rule.eves is None
    assert (rule.mode, rule.week, rule.on_holidays, rule.caps, rule.states) == ("on", None, True, (), frozenset())


def test_hours_before_holidays_narrow_those_of_each_day() -> None:
    told = {
        "hours": '{ weekdays = "09:00-20:00", sat = "12:00-21:00" }',
        "before_holidays": '["18:00-21:00", "10:00-13:00"]',
    }
    (rule,) = parse(written(told), "rules.toml").rules
    assert rule.eves is not None
    assert [hours(rule.eves, day) for day in (0, 5, 6)] == ["10:00-13:00, 18:00-20:00", "12:00-13:00, 18:00-21:00", ""]


def test_hours_may_begin_and_end_at_any_minute_and_touch() -> None:
    told = '{ weekend = ["08:31-12:07", "12:07-23:59"], fri = "22:59-23:59" }'
    (rule,) = parse(written({"hours": told}), "rules.toml").rules
    assert rule.week is not None
    assert [hours(rule.week, day) for day in range(3, 7)] == ["", "22:59-23:59", "08:31-23:59", "08:31-23:59"]


@pytest.mark.parametrize(
    "change",
    [
        {"on_holidays": "true"},
        {"countries": '["*"]', "on_holidays": "true"},
        {"effective_from": "1900-01-01", "effective_until": "1900-01-01"},
        {"effective_from": "2200-12-31", "effective_until": "2200-12-31"},
        {"attempts": "[{ count = 1000, days = 1000 }, { count = 1, hours = 1 }]"},
    ],
)
def test_a_rule_may_go_as_far_as_this(change: dict[str, str]) -> None:
    pack = parse(written(change), "rules.toml")
    assert (pack.version, len(pack.rules)) == ("1", 1)


def test_a_rule_that_was_not_checked_says_so() -> None:
    (rule,) = parse(written({"checked": "false", "note": '"not found"'}), "rules.toml").rules
    assert rule.checked is None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": '"Mine"'}, "id is 'Mine', not small letters"),
        ({"id": '"blackout"'}, "id is 'blackout', not small letters"),
        ({"id": "7"}, "id is 7, not small letters"),
        ({"id": ""}, "id is missing"),
        ({"countries": '["UK"]'}, "countries has 'UK', not a country (ISO 3166)"),
        ({"countries": '["*", "US"]'}, "countries has '*', not a country"),
        ({"countries": "[]"}, "countries is an empty list, not a list"),
        ({"countries": '"US"'}, "countries is 'US', not a list"),
        ({"countries": "[1, 2, 3, 4, 5, 6]"}, "countries has 1, 2, 3, 4, 5, not a country"),
        ({"countries": "[1, [], 2020-01-01]"}, "countries has 1, an empty list, 2020-01-01, not a country"),
        ({"states": '["ON"]'}, "states has 'ON', not a state of US"),
        ({"countries": '["US", "CA"]', "states": '["ON"]'}, "states can be told of one country only"),
        ({"mode": '"maybe"'}, "mode is 'maybe', not one of off, shadow, on"),
        ({"mode": "true"}, "mode is true, not one of"),
        ({"hours": '"08:00-21:00"'}, "hours is '08:00-21:00', not a table of days"),
        ({"hours": "{}"}, "hours is an empty object, not a table of days"),
        ({"hours": '{ monday = "08:00-21:00" }'}, "hours has 'monday', not one of daily, weekdays, weekend, mon"),
        ({"hours": '{ daily = "08:00-21:00", sun = "10:00-12:00" }'}, "hours names sun more than once"),
        ({"hours": '{ mon = "8-21" }'}, "hours has '8-21' on mon, not hours such as '08:00-21:00'"),
        ({"hours": "{ mon = 8 }"}, "hours has 8 on mon, not hours"),
        ({"hours": "{ mon = [] }"}, "hours has an empty list on mon, not hours"),
        ({"hours": '{ mon = "24:00-24:00" }'}, "hours has '24:00-24:00' on mon, not hours"),
        ({"hours": '{ mon = "10:00-10:00" }'}, "hours has '10:00-10:00' on mon, which ends before it begins"),
        ({"hours": '{ mon = "21:00-08:00" }'}, "hours has '21:00-08:00' on mon, which ends before it begins"),
        ({"hours": '{ mon = ["08:00-13:00", "12:00-20:00"] }'}, "hours overlap on mon"),
        (
            {"before_holidays": '"10:00-19:00"'},
            "before_holidays narrows the hours, but there are none: write hours too",
        ),
        (
            {"hours": '{ daily = "08:00-21:00" }', "before_holidays": '"10-19"'},
            "before_holidays has '10-19' on the day before a holiday, not hours such as",
        ),
        (
            {"hours": '{ daily = "08:00-21:00" }', "before_holidays": "[]"},
            "before_holidays has an empty list on the day before a holiday, not hours",
        ),
        (
            {"countries": '["*"]', "hours": '{ daily = "08:00-21:00" }', "before_holidays": '"10:00-19:00"'},
            "before_holidays is told, but the holidays of * are not known",
        ),
        ({"on_holidays": '"no"'}, "on_holidays is 'no', not true or false"),
        ({"on_holidays": "0"}, "on_holidays is 0, not true or false"),
        ({"countries": '["*"]', "on_holidays": "false"}, "on_holidays is false, but the holidays of * are not known"),
        (
            {"countries": '["TA", "AC"]', "on_holidays": "false"},
            "on_holidays is false, but the holidays of AC, TA are not known",
        ),
        ({"attempts": "3"}, "attempts is 3, not a list such as"),
        ({"attempts": "[]"}, "attempts is an empty list, not a list such as"),
        ({"attempts": "[3]"}, "attempts must have a count and either hours or days in each"),
        ({"attempts": "[{ count = 3 }]"}, "attempts must have a count and either hours or days"),
        ({"attempts": "[{ count = 3, hours = 1, days = 1 }]"}, "attempts must have a count and either"),
        ({"attempts": "[{ count = 0, hours = 1 }]"}, "attempts must have a count"),
        ({"attempts": "[{ count = true, hours = 1 }]"}, "attempts must have a count"),
        ({"attempts": "[{ count = 3, days = 1001 }]"}, "attempts must have a count"),
        ({"attempts": "[{ count = 3, days = 1, per = 'x' }]"}, "attempts must have a count"),
        ({"attempts": "[{ count = 3, days = 1, per = 1 }]"}, "attempts must have a count"),
        ({"attempts": "[{ hours = 1 }]"}, "attempts must have a count"),
        ({"attempts": "[{ count = 1.5, hours = 1 }]"}, "attempts must have a count"),
        ({"attempts": "[{ count = 1001, hours = 1 }]"}, "attempts must have a count"),
        ({"effective_from": ""}, "effective_from is missing"),
        ({"effective_from": '"2020-01-01"'}, "effective_from is '2020-01-01', not a date such as"),
        ({"effective_from": "2020-01-01T00:00:00Z"}, "effective_from is 2020-01-01T00:00:00+00:00, not a date"),
        ({"effective_from": "0001-01-01"}, "effective_from is 0001-01-01, not a date"),
        ({"effective_from": "1899-12-31"}, "effective_from is 1899-12-31, not a date"),
        ({"effective_until": "2201-01-01"}, "effective_until is 2201-01-01, not a date"),
        ({"effective_from": "", "effective_until": "2030-01-01"}, "effective_from is missing"),
        ({"effective_until": "2019-12-31"}, "effective_until is before effective_from"),
        ({"checked": "true"}, "checked is true, not a date"),
        ({"checked": "false"}, "a rule that was not checked needs a note that says why"),
        ({"source": '" "'}, "source is ' ', not a text"),
        ({"note": "1"}, "note is 1, not a text"),
        ({"hour": "1"}, "'hour' is no key of a rule: use id, countries"),
    ],
)
def test_each_fault_of_a_rule_is_told_by_its_name(change: dict[str, str], fault: str) -> None:
    (told,) = faults(written(change))
    name = "rule 1" if "id" in change else "rule mine"
    assert told.startswith(f"rules.toml: {name}: {fault}")
    assert told.endswith(".")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "rules.toml: version must be a text"),
        (written({}, version="version = 1\n"), "rules.toml: version must be a text"),
        (written({}, version='version = " "\n'), "rules.toml: version must be a text"),
        ("version = ", "rules.toml is no TOML: "),
        ("a = " + "[" * 5000, "rules.toml is no TOML: "),
        ('version = "1"\n', "rules.toml: there are no rules: write each below [[rules]]."),
        ('version = "1"\nrules = "none"\n', "rules.toml: there are no rules"),
        ('version = "1"\nrules = []\n', "rules.toml: there are no rules"),
        (written({}, version='version = "1"\nrule = 1\n'), "rules.toml: 'rule' is no key of the file."),
        (written({}, {}), "rules.toml: 'mine' is the id of more than one rule."),
        ('version = "1"\nrules = [1]\n', "rules.toml: rule 1: id is missing."),
    ],
)
def test_each_fault_of_the_file_is_told(text: str, fault: str) -> None:
    told = faults(text)
    assert any(one.startswith(fault) for one in told)
    assert all(one.endswith(".") for one in told)


def test_every_fault_is_told_at_once() -> None:
    told = faults(written({"mode": "1", "source": "2"}, {"id": '"other"', "hours": "3"}, version="x = 1\n"))
    assert len(told) == 5


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["id", "countries", "states", "mode", "hours", "on_holidays", "attempts", "effective_from",
    "effective_until", "checked", "source", "consent", "note", "x"])  # fmt: skip
HOURS = st.dictionaries(
    st.sampled_from(["daily", "mon", "weekend", "x"]), st.sampled_from(["08:00-21:00", "9-5"]) | JSON
)
CAPS = st.lists(st.dictionaries(st.sampled_from(["count", "hours", "days"]), JSON, max_size=3), max_size=3)


def toml(value: Any) -> str:
    """Write a value as TOML; what TOML has no word for becomes a text."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case date():
            return value.isoformat()
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return "{" + ", ".join(f"{toml(str(key))} = {toml(one)}" for key, one in value.items()) + "}"
    text = "".join(
        letter if letter.isalnum() and letter.isascii() else f"\\U{ord(letter):08X}" for letter in str(value)
    )
    return f'"{text}"'


@given(st.text() | st.lists(st.dictionaries(KEYS, JSON | HOURS | CAPS, max_size=14), max_size=3))
def test_whatever_a_file_says_it_is_read_or_refused(given_: str | list[dict[str, Any]]) -> None:
    text = given_ if isinstance(given_, str) else f'version = "1"\nrules = {toml(given_)}\n'
    told: tuple[str, ...] = ("any",)
    try:
        parse(text, "any")
    except ConfigurationError as refused:
        told = refused.faults
    assert told
    assert all(fault.startswith("any") for fault in told)


def test_the_file_beside_the_configuration_is_the_one_in_the_package() -> None:
    link = ROOT / "config" / "calling-rules.toml"
    assert link.resolve() == ROOT / "dispatcher" / "rules" / "calling-rules.toml"
    assert [rule.id for rule in parse(link.read_text(encoding="utf-8"), "x").rules] == [
        rule.id for rule in shipped().rules
    ]
