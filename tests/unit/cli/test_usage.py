from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
UUID = "8f3a91b2-c4d5-4e6f-a8b9-c0d1e2f3a4b5"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["pause", "--reason", "x"], "Name one thing"),
        (["pause", UUID, "--all", "--reason", "x"], "Name one thing"),
        (["pause", UUID, "--phone", UUID, "--reason", "x"], "Name one thing"),
        (["pause", UUID], "--reason"),
        (["pause", UUID, "--reason", " "], "--reason is empty"),
        (["resume"], "Name one thing"),
        (["job", "release", "--reason", "x"], "Name the JOBs, or give --all"),
        (["job", "release", "abc", "--all", "--reason", "x"], "Name the JOBs, or give --all"),
        (["job", "close", "abc", "--older-than", "1h", "--reason", "x"], "go with --all"),
        (["job", "close", "abc"], "--reason"),
        (["job", "release", "abc", "--reason", " "], "--reason is empty"),
        (["job", "close", "abc", "--reason", "x", "--outcome", "gone"], "gone"),
        (["worker"], "--simulate or --webhook"),
        (["worker", "--simulate", "--webhook", "http://x.example"], "--simulate or --webhook"),
        (["worker", "--webhook", "http://x.example", "--mix", "busy=1"], "--mix goes with --simulate only"),
        (["worker", "--simulate", "--listen", "127.0.0.1:0"], "--listen goes with --webhook only"),
        (["dead", "retry"], "Say which letters"),
        (["dead", "drop", "--reason", "failed"], "Say which letters"),
        (["dead", "drop", "1", "--all"], "Give either IDs"),
        (["dead", "list", "--reason", "bad-luck"], "bad-luck"),
        (["explain"], "CAMPAIGN"),
        (["explain", UUID, "--at", "tomorrow"], "'tomorrow' is no time"),
        (["jobs", "--state", "ringing"], "ringing"),
        (["jobs", "--limit", "0"], "--limit"),
        (["demo", "--for", "soon"], "must be a duration"),
        (["sandbox", "--token", "two words"], "--token"),
        (["completion", "tcsh"], "tcsh"),
        (["status", "-o", "xml"], "xml"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_opened(dispatcher: Run, arguments: list[str], told: str) -> None:
    result = dispatcher("-c", "/nowhere/dispatcher.toml", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


@pytest.mark.parametrize("arguments", [["status"], ["worker", "--simulate"], ["run"], ["db", "upgrade"], ["check"]])
def test_a_configuration_file_that_is_missing_is_told(dispatcher: Run, tmp_path: Path, arguments: list[str]) -> None:
    result = dispatcher("-c", str(tmp_path / "none.toml"), *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"dispatcher: The configuration file {tmp_path}/none.toml cannot be read: No such file or directory.\n"
    )


def test_a_webhook_secret_that_is_no_key_is_told_and_not_shown(dispatcher: Run, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    file = tmp_path / "dispatcher.toml"
    file.write_text('[worker]\nwebhook_secret_file = "secret"\n')

    result = dispatcher("worker", "--webhook", "http://dialer.example/", "-c", str(file))

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("dispatcher: worker.webhook_secret must be whsec_ and base64 of 24 to 64 random")
    assert "hunter2" not in result.stderr


def test_every_fault_of_the_configuration_has_a_line(dispatcher: Run, tmp_path: Path) -> None:
    file = tmp_path / "dispatcher.toml"
    file.write_text('[hopper]\nlaese = "3s"\nlease = "never"\n')

    result = dispatcher("status", "-c", str(file))

    assert result.exit_code == 2
    first, second = result.stderr.splitlines()
    assert first.startswith("dispatcher: ")
    assert "hopper.laese" in first
    assert second.startswith("dispatcher: hopper.lease")
