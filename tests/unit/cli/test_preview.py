import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
LONDON = ("--schedule", '{"mon": {"start": "09:00", "end": "17:00"}}', "--timezone", "Europe/London")
NIGHTS = ("--schedule", '{"sun": {"start": "00:30", "end": "02:30"}}', "--timezone", "Europe/London")


def test_it_prints_the_documents_keys(dispatcher: Run) -> None:
    result = dispatcher("preview", *LONDON, "--from", "2026-11-02T00:00Z", "--days", "7", "-o", "json")

    document = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert document["timezone"] == "Europe/London"
    assert (document["from"], document["to"]) == ("2026-11-02T00:00:00Z", "2026-11-09T00:00:00Z")
    assert document["windows"] == [{"opens_at": "2026-11-02T09:00:00Z", "closes_at": "2026-11-02T17:00:00Z"}]
    assert isinstance(document["open_now"], bool)


def test_a_week_from_now_is_shown_by_default(dispatcher: Run) -> None:
    document = json.loads(dispatcher("-o", "json", "preview", *LONDON).stdout)

    assert len(document["windows"]) in {1, 2}


def test_windows_are_clipped_to_what_was_asked_for(dispatcher: Run) -> None:
    asked = ("--from", "2026-11-02T10:00Z", "--to", "2026-11-02T11:00-01:00")

    document = json.loads(dispatcher("preview", *LONDON, *asked, "-o", "json").stdout)

    assert document["windows"] == [{"opens_at": "2026-11-02T10:00:00Z", "closes_at": "2026-11-02T12:00:00Z"}]


def test_a_time_without_an_offset_is_utc(dispatcher: Run) -> None:
    document = json.loads(dispatcher("preview", *LONDON, "--from", "2026-07-01T00:00", "-o", "json").stdout)

    assert document["from"] == "2026-07-01T00:00:00Z"


def test_the_table_tells_a_repeated_hour_apart(dispatcher: Run) -> None:
    result = dispatcher("preview", *NIGHTS, "--from", "2026-10-25T00:00Z", "--days", "1")

    [row] = [line for line in result.stdout.splitlines() if "BST" in line]
    # 00:30 of summer time is before the day asked for; the clock goes back from 02:00 to 01:00.
    assert row.split("GMT") == ["Sun 25 Oct 01:00 BST   Sun 02:30 ", "   Sun 00:00    Sun 02:30   2 h 30 min"]


def test_the_table_has_the_seconds_of_both_ends_and_the_day_of_each(dispatcher: Run) -> None:
    sydney = ("--schedule", '{"mon": {"start": "06:00", "end": "12:00"}}', "--timezone", "Australia/Sydney")
    asked = ("--from", "2026-11-01T22:00:05Z", "--to", "2026-11-02T00:30:40Z")
    result = dispatcher("preview", *sydney, *asked)

    [row] = [line for line in result.stdout.splitlines() if "AEDT   Mon" in line]
    assert row.split("AEDT")[2].split() == ["Sun", "22:00:05", "Mon", "00:30:40", "2", "h", "30", "min"]


def test_no_window_says_how_to_see_further(dispatcher: Run) -> None:
    result = dispatcher("preview", *LONDON, "--from", "2026-11-03T00:00Z", "--days", "1")

    assert "closed from 2026-11-03 00:00 UTC to 2026-11-04 00:00 UTC" in result.stdout
    assert "--days" in result.stdout


def test_the_week_is_drawn_in_ascii_where_there_is_no_terminal(dispatcher: Run) -> None:
    lines = dispatcher("preview", *LONDON, "--from", "2026-11-02T00:00Z").stdout.splitlines()

    assert lines[2:5] == [
        "           00    03    06    09    12    15    18    21    24",
        f"Mon 02 Nov {'.' * 18}{'#' * 16}{'.' * 14} 8 h",
        f"Tue 03 Nov {'.' * 48} -",
    ]
    assert lines[10] == "           # open   . closed"


def test_the_present_instant_is_marked(dispatcher: Run) -> None:
    lines = dispatcher("preview", *LONDON).stdout.splitlines()

    assert [line.count("|") for line in lines[3:11]] == [1, 0, 0, 0, 0, 0, 0, 1]
    assert lines[10].endswith("| now")


def test_a_change_of_clocks_is_marked_and_told(dispatcher: Run) -> None:
    back = dispatcher("preview", *NIGHTS, "--from", "2026-10-25T12:00Z", "--days", "1").stdout
    forward = dispatcher("preview", *NIGHTS, "--from", "2026-03-29T12:00Z", "--days", "1").stdout

    assert f"Sun 25 Oct .#22#{'.' * 43} 3 h\n" in back
    assert "Sun 25 Oct: clocks go back by 1 h, to 01:00 GMT." in back
    assert f"Sun 29 Mar .#xx#{'.' * 43} 1 h\n" in forward
    assert "Sun 29 Mar: clocks go forward by 1 h, to 02:00 BST." in forward


def test_a_picture_is_written_beside_what_is_shown(dispatcher: Run, tmp_path: Path) -> None:
    result = dispatcher("preview", *LONDON, "--html", str(tmp_path / "week.html"), "-o", "json")

    assert json.loads(result.stdout)["timezone"] == "Europe/London"
    assert "Europe/London" in (tmp_path / "week.html").read_text(encoding="utf-8")


def test_a_note_has_its_code_and_a_sentence(dispatcher: Run) -> None:
    schedule = '{"mon": {"start": "22:00", "end": "02:00"}}'

    notes = json.loads(dispatcher("preview", "--schedule", schedule, "--timezone", "UTC", "-o", "json").stdout)["notes"]

    assert [note["code"] for note in notes] == ["window_spans_midnight"]
    assert notes[0]["detail"].startswith("mon 22:00-02:00 runs past midnight")


def test_a_key_that_is_ignored_is_noted(dispatcher: Run) -> None:
    schedule = '{"mon": {"start": "09:00", "end": "17:00"}, "Tue": {}}'

    result = dispatcher("preview", "--schedule", schedule, "--timezone", "UTC")

    assert "'Tue' is no day" in result.stdout


def test_a_broken_configuration_is_no_matter_with_a_schedule_given(
    dispatcher: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCHER_CONFIG", "/nowhere/dispatcher.toml")
    monkeypatch.setenv("DISPATCHER_NO__SETTING", "1")

    assert dispatcher("preview", *LONDON).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Give either a CAMPAIGN, or --schedule"),
        (("8f3a", *LONDON), "Give either a CAMPAIGN, or --schedule"),
        (LONDON[:2], "go together"),
        (("8f3a", *LONDON[2:]), "go together"),
        (("--schedule", "{", "--timezone", "UTC"), "--schedule is no JSON"),
        (("--schedule", "[" * 100_000, "--timezone", "UTC"), "--schedule is no JSON"),
        (("--schedule", "null", "--timezone", "UTC"), "the schedule is null"),
        (("--all", *LONDON), "Give either a CAMPAIGN, or --schedule"),
        (("--all", "8f3a"), "Give either a CAMPAIGN, or --schedule"),
        ((*LONDON, "--html", "/nowhere/week.html"), "--html: /nowhere/week.html cannot be written"),
        ((*LONDON[:2], "--timezone", "Mars"), "'Mars' is not in the tz database"),
        ((*LONDON, "--from", "2026-11-02", "--to", "2026-11-01"), "must be later"),
        ((*LONDON, "--from", "2026-11-02", "--to", "2126-11-01"), "at most 3660 days"),
        ((*LONDON, "--to", "2026-11-02", "--days", "3"), "not both"),
        ((*LONDON, "--from", "9999-12-31"), "too late"),
        ((*LONDON, "--days", "0"), "--days"),
    ],
)
def test_wrong_usage_is_told(dispatcher: Run, arguments: tuple[str, ...], told: str) -> None:
    result = dispatcher("preview", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_every_fault_of_schedule_and_zone_is_told_at_once(dispatcher: Run) -> None:
    result = dispatcher("preview", "--schedule", "{}", "--timezone", "Mars")

    assert "the schedule is an empty object" in result.stderr
    assert "'Mars'" in result.stderr
