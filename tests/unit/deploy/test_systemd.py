import re
from datetime import timedelta
from pathlib import Path

import pytest

from dispatcher import settings
from dispatcher.settings import durations

UNIT = Path(__file__).parents[3] / "deploy/systemd/dispatcher.service"


@pytest.fixture(scope="module")
def unit() -> dict[str, list[str]]:
    """Every key of the unit with its values; a key may stand several times."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def test_its_environment_and_credentials_are_settings(unit: dict[str, list[str]], tmp_path: Path) -> None:
    for credential in unit["LoadCredential"]:
        (tmp_path / credential.split(":")[0]).write_text("a-token-of-some-length\n")
    environ = dict(line.replace("%d", str(tmp_path)).split("=", 1) for line in unit["Environment"])
    assert environ.pop("DISPATCHER_CONFIG") == "/etc/dispatcher/dispatcher.toml"

    loaded = settings.load(None, environ)

    assert loaded.api.token is not None
    assert loaded.api.token.get_secret_value() == "a-token-of-some-length"


def test_systemd_waits_longer_for_a_stop_than_the_daemon_takes(unit: dict[str, list[str]]) -> None:
    assert durations.parse(unit["TimeoutStopSec"][0]) >= settings.Daemon().stop_timeout + timedelta(seconds=5)


def test_a_faulty_configuration_is_not_tried_again(unit: dict[str, list[str]]) -> None:
    assert unit["RestartPreventExitStatus"] == ["2"]


def test_the_default_database_lies_in_the_folder_that_is_kept(unit: dict[str, list[str]]) -> None:
    assert settings.Database().url.get_secret_value() == "sqlite:///dispatcher.db"
    assert unit["WorkingDirectory"] == [f"%S/{unit['StateDirectory'][0]}"]


def test_the_daemon_is_trusted_to_say_when_it_is_ready_and_alive(unit: dict[str, list[str]]) -> None:
    assert unit["Type"] == ["notify"]
    assert "WatchdogSec" in unit


def test_the_metrics_of_the_process_stay_readable(unit: dict[str, list[str]]) -> None:
    assert "ProcSubset" not in unit


def test_the_readme_installs_what_the_unit_starts(unit: dict[str, list[str]]) -> None:
    program = unit["ExecStart"][0].split()[0]
    readme = (UNIT.parents[1] / "README.md").read_text()
    environment = re.search(r"python3 -m venv (\S+)", readme)
    assert environment is not None
    assert program == f"{environment[1]}/bin/dispatcher"
