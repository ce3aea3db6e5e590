import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPATCHER_CONFIG", raising=False)


def test_show_lists_the_rules_with_their_sources_and_says_that_it_is_no_advice(dispatcher: Run) -> None:
    shown = dispatcher("rules", "show")

    assert shown.exit_code == 0
    assert "This is not legal advice" in shown.stdout
    assert "Fla. Stat. 501.616(6)" in shown.stdout
    assert "mon-fri 10:00-13:00, 14:00-20:00; sat-sun none" in shown.stdout


def test_show_of_one_rule_shows_what_it_asks(dispatcher: Run) -> None:
    document = json.loads(dispatcher("rules", "show", "us-me", "-o", "json").stdout)

    (rule,) = document["rules"]
    assert rule["regions"] == ["US-ME"]
    assert rule["hours"] == ["mon-fri 09:00-17:00", "sat-sun none"]
    assert rule["attempts"] == ["1 in 8 h"]


def test_show_of_no_rule_is_wrong_usage(dispatcher: Run) -> None:
    result = dispatcher("rules", "show", "xx")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "no rule's id begins with 'xx'" in result.stderr


def test_check_of_a_lawful_call_tells_until_when_and_by_which_rules(dispatcher: Run) -> None:
    result = dispatcher("rules", "check", "+1 305 555 0100", "--at", "2026-01-12T16:00Z")

    assert result.exit_code == 0
    assert "us-federal us-fl" in result.stdout
    assert "3 in 1 d (us-fl)" in result.stdout
    assert "until 2026-01-13 01:00 UTC" in result.stdout


def test_check_of_an_unlawful_call_tells_the_rule_and_when_it_may_be_made(dispatcher: Run) -> None:
    result = dispatcher("rules", "check", "+33199000001", "--at", "2026-12-25T11:00Z")

    assert result.exit_code == 1
    assert "2026-12-25 is Christmas Day in Europe/Paris, and fr-hours allows no calls then" in result.stdout
    assert "It may be again at 2026-12-28 09:00 UTC" in result.stdout


def test_check_counts_the_country_that_the_platform_tells(dispatcher: Run) -> None:
    asked = ("rules", "check", "+442079460018", "--at", "2026-01-12T12:30Z", "-o", "json")
    document = json.loads(dispatcher(*asked, "--country", "FR").stdout)

    assert json.loads(dispatcher(*asked).stdout)["lawful"]
    assert (document["lawful"], document["code"]) == (False, "recipient_hours_closed")
    assert document["regions"] == ["GB", "FR"]


def test_check_of_a_number_that_tells_no_zone_has_no_end(dispatcher: Run) -> None:
    result = dispatcher("rules", "check", "+447700900123")

    assert result.exit_code == 1
    assert "It may not be called: the number does not tell in which time zone the person is." in result.stdout
    assert "It may be again" not in result.stdout


def test_blackout_dates_and_shadows_are_shown(dispatcher: Run, tmp_path: Path) -> None:
    config = tmp_path / "dispatcher.toml"
    config.write_text('[calling_rules]\nblackout_dates = ["2026-01-12"]\nshadow = ["gb-practice"]\n')
    asked = ("-c", str(config), "-o", "json", "rules")
    document = json.loads(dispatcher(*asked, "check", "+442079460018", "--at", "2026-01-12T22:30Z").stdout)

    assert (document["code"], document["until"]) == ("holiday", "2026-01-13T00:00:00Z")
    assert document["would_block"] == ["gb-practice"]
    assert json.loads(dispatcher(*asked, "show").stdout)["rules"][0]["closed_on"] == ["2026-01-12"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "12"), "the number is not in international form"),
        (("check", "+12125550100", "--at", "9999-12-31"), "--at is too near to an end of the calendar"),
        (("check", "+12125550100", "--at", "noon"), "is no time"),
    ],
)
def test_what_cannot_be_judged_is_wrong_usage(dispatcher: Run, arguments: tuple[str, ...], said: str) -> None:
    result = dispatcher("rules", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_rules_that_are_switched_off_are_not_looked_at(dispatcher: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_CALLING_RULES__ENABLED", "no")
    result = dispatcher("rules", "show")

    assert result.exit_code == 2
    assert "the calling rules are switched off by calling_rules.enabled" in result.stderr


def test_every_fault_of_an_own_file_is_told(dispatcher: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "rules.toml"
    own.write_text('[[rules]]\nid = "x1"\nhours = 3\n')
    monkeypatch.setenv("DISPATCHER_CALLING_RULES__FILE", str(own))
    result = dispatcher("rules", "show")

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 6
    assert all(f"dispatcher: {own}: " in line for line in result.stderr.splitlines())
