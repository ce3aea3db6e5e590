from datetime import date
from pathlib import Path

import pytest

from dispatcher import settings
from dispatcher.errors import ConfigurationError
from dispatcher.rules.packfile import shipped
from dispatcher.settings.rules import CallingRules

OWN = """version = "own"
[[rules]]
id = "ours"
countries = ["*"]
effective_from = 2020-01-01
checked = 2026-01-01
source = "us"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "dispatcher.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as raised:
        settings.load(path, {})
    return raised.value.faults


def test_without_settings_the_pack_is_the_one_that_is_shipped() -> None:
    pack = settings.Settings().calling_rules.pack()
    assert pack is not None
    assert [(rule.id, rule.mode) for rule in pack.rules] == [(rule.id, rule.mode) for rule in shipped().rules]
    assert pack is settings.Settings().calling_rules.pack()


def test_switched_off_there_is_none() -> None:
    assert CallingRules(enabled=False).pack() is None


def test_a_file_of_ones_own_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN, encoding="utf-8-sig")
    loaded = settings.load(written(tmp_path, f"[calling_rules]\nfile = '{own}'\nshadow = ['ours']\n"), {})
    pack = loaded.calling_rules.pack()
    assert pack is not None
    assert [(rule.id, rule.mode) for rule in pack.rules] == [("ours", "shadow")]


def test_a_changed_file_is_read_when_the_settings_are_loaded_anew(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    config = written(tmp_path, f"[calling_rules]\nfile = '{own}'\n")
    own.write_text(OWN)
    first = settings.load(config, {}).calling_rules.pack()
    own.write_text(OWN.replace('"own"', '"changed"'))
    second = settings.load(config, {}).calling_rules.pack()
    assert first is not None
    assert second is not None
    assert (first.version, second.version) == ("own", "changed")


def test_a_file_that_was_spoiled_is_refused_and_stops_nothing_that_runs_by_it(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    config = written(tmp_path, f"[calling_rules]\nfile = '{own}'\n")
    own.write_text(OWN)
    running = settings.load(config, {})
    before = running.calling_rules.pack()
    own.write_text("version = ")
    assert "is no TOML" in refused(config)[0]
    assert running.calling_rules.pack() is before


def test_dates_and_lists_are_read_as_toml_writes_them(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "[calling_rules]\nblackout_dates = [2026-12-24, '2026-12-31']\noff = ['us-ky']\nunknown_zone = 'country'\n",
    )
    rules = settings.load(path, {}).calling_rules
    assert rules.blackout_dates == (date(2026, 12, 24), date(2026, 12, 31))
    pack = rules.pack()
    assert pack is not None
    assert pack.unknown_zone == "country"
    assert {rule.id for rule in pack.rules if rule.mode == "off"} == {"us-ky", "us-debt"}
    rows = {row.key: row.value for row in settings.describe(settings.load(path, {}))}
    assert rows["calling_rules.blackout_dates"] == "2026-12-24, 2026-12-31"
    assert rows["calling_rules.on"] == "[]"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("off = 'us-xx'", "calling_rules.off names 'us-xx', which is no rule"),
        ("off = [1]", "but must be a list of names."),
        ("off = 1", "but must be a list."),
        ("blackout_dates = ['Christmas']", "but must be a list of dates such as 2026-12-24."),
        ("blackout_dates = [2026-12-24T00:00:00]", "but must be a list of dates such as 2026-12-24."),
        ("blackout_dates = [0001-01-01]", "but must be a list of dates such as 2026-12-24."),
        ("blackout_dates = [7]", "but must be a list of dates such as 2026-12-24."),
        ("file = 1", "but must be the path of a file."),
        ("unknown_zone = 'guess'", "but must be 'block' or 'country'."),
        ("file = '/nowhere/rules.toml'", "calling_rules.file /nowhere/rules.toml cannot be read: No such file"),
    ],
)
def test_what_cannot_be_meant_is_refused(line: str, fault: str, tmp_path: Path) -> None:
    (told,) = refused(written(tmp_path, f"[calling_rules]\n{line}\n"))
    assert fault in told


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_bytes(b"\xff\xfe")
    (told,) = refused(written(tmp_path, f"[calling_rules]\nfile = '{own}'\n"))
    assert told.startswith(f"calling_rules.file {own} cannot be read: ")
