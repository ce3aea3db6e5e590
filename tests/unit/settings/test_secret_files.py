from pathlib import Path

import pytest

from dispatcher import settings
from dispatcher.errors import ConfigurationError


def faults(path: Path | None, environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as raised:
        settings.load(path, environ)
    return raised.value.faults


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("api.token", "the-token"),
        ("http.token", "0123456789abcdef"),
        ("database.url", "postgresql://u:pw@db/x"),
        ("redis.url", "redis://:pw@redis:6379/0"),
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_every_secret_is_read_from_a_file(tmp_path: Path, key: str, secret: str, end: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes((secret + end).encode())
    section, name = key.split(".")
    loaded = settings.load(None, {f"DISPATCHER_{section.upper()}__{name.upper()}_FILE": str(file)})
    assert getattr(getattr(loaded, section), name).get_secret_value() == secret
    assert loaded.source(key) == f"secret file {file}"


@pytest.mark.parametrize("written", ["token", "./token"])
def test_a_relative_path_starts_at_the_folder_of_the_configuration_file(tmp_path: Path, written: str) -> None:
    (tmp_path / "token").write_text("the-token\n")
    config = tmp_path / "dispatcher.toml"
    config.write_text(f'[api]\ntoken_file = "{written}"\n')
    token = settings.load(config, {}).api.token
    assert token is not None
    assert token.get_secret_value() == "the-token"


def test_a_relative_path_starts_at_the_credentials_of_systemd_before_all_else(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "token").write_text("from-systemd")
    (tmp_path / "token").write_text("from-beside-the-file")
    config = tmp_path / "dispatcher.toml"
    config.write_text('[api]\ntoken_file = "token"\n')
    token = settings.load(config, {"CREDENTIALS_DIRECTORY": str(credentials)}).api.token
    assert token is not None
    assert token.get_secret_value() == "from-systemd"


def test_without_a_file_a_relative_path_starts_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("the-token")
    monkeypatch.chdir(tmp_path)
    assert settings.load(None, {"DISPATCHER_API__TOKEN_FILE": "token"}).source("api.token") == "secret file token"


def test_a_secret_and_its_file_together_are_a_fault_that_shows_neither(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("hunter2")
    config = tmp_path / "dispatcher.toml"
    config.write_text(f'[api]\ntoken_file = "{file}"\n')
    (fault,) = faults(config, {"DISPATCHER_API__TOKEN": "hunter3"})
    assert fault == (
        f"api.token (environment variable DISPATCHER_API__TOKEN) and api.token_file (file {config}) are both set, "
        "and which one counts is not guessed: remove one of them (an empty DISPATCHER_API__TOKEN_FILE takes the file "
        "away)."
    )


def test_an_empty_variable_takes_the_file_away(tmp_path: Path) -> None:
    config = tmp_path / "dispatcher.toml"
    config.write_text('[api]\ntoken_file = "/nowhere"\n')
    loaded = settings.load(config, {"DISPATCHER_API__TOKEN_FILE": "", "DISPATCHER_API__TOKEN": "the-token"})
    assert loaded.source("api.token") == "environment variable DISPATCHER_API__TOKEN"


def test_a_variable_may_name_another_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("the-token")
    config = tmp_path / "dispatcher.toml"
    config.write_text('[api]\ntoken_file = "/nowhere"\n')
    loaded = settings.load(config, {"DISPATCHER_API__TOKEN_FILE": "token"})
    assert loaded.source("api.token") == f"secret file {tmp_path / 'token'}"


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"", "is empty: write the secret into it."),
        (b"\n\n", "is empty: write the secret into it."),
        (b"\xff\xfe", "is not UTF-8: write the secret as plain text."),
    ],
)
def test_a_file_without_a_secret_is_a_fault(tmp_path: Path, content: bytes, remedy: str) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    (fault,) = faults(None, {"DISPATCHER_API__TOKEN_FILE": str(file)})
    assert fault == f"The file {file} of api.token_file (environment variable DISPATCHER_API__TOKEN_FILE) {remedy}"


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults(None, {"DISPATCHER_API__TOKEN_FILE": str(tmp_path / "token")})
    assert fault.endswith("cannot be read: No such file or directory.")


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    (fault,) = faults(None, {"DISPATCHER_API__TOKEN_FILE": str(tmp_path)})
    assert fault.endswith("cannot be read: Is a directory.")


@pytest.mark.parametrize(("written", "told"), [("7", "must be the path of a file"), (r'"a\u0000b"', "cannot be read")])
def test_a_path_that_cannot_be_one_is_a_fault(tmp_path: Path, written: str, told: str) -> None:
    config = tmp_path / "dispatcher.toml"
    config.write_text(f"[api]\ntoken_file = {written}\n")
    (fault,) = faults(config, {})
    assert told in fault


def test_a_token_whose_file_failed_is_not_also_called_missing(tmp_path: Path) -> None:
    (fault,) = faults(None, {"DISPATCHER_HTTP__TOKEN_FILE": str(tmp_path / "x"), "DISPATCHER_HTTP__BIND": "0.0.0.0:80"})
    assert "cannot be read" in fault


def test_a_faulty_secret_in_a_file_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("Bearer hunter2")
    (fault,) = faults(None, {"DISPATCHER_API__TOKEN_FILE": str(file)})
    assert fault == (
        f"api.token is set (secret file {file}), but must be the bare token in printable ASCII, without blanks, "
        "line ends or the word Bearer."
    )
