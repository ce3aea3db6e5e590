from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from dispatcher import settings
from dispatcher.errors import ConfigurationError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "dispatcher.toml"


def faults(path: Path | None, environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as raised:
        settings.load(path, environ)
    return raised.value.faults


def test_without_a_file_or_variables_all_is_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dispatcher.toml").write_text("[sync]\ninterval = '1s'\n")
    monkeypatch.chdir(tmp_path)
    assert settings.load(None, {}) == settings.Settings()


def test_a_variable_overrides_the_file(config: Path) -> None:
    config.write_text("[sync]\ninterval = '1s'\norders_interval = 2\n")
    sync = settings.load(config, {"DISPATCHER_SYNC__INTERVAL": "3s"}).sync
    assert (sync.interval, sync.orders_interval) == (timedelta(seconds=3), timedelta(seconds=2))


def test_the_variable_names_a_file_unless_the_caller_does(config: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    config.write_text("[redis]\nprefix = 'one'\n")
    other.write_text("[redis]\nprefix = 'two'\n")
    assert settings.load(None, {"DISPATCHER_CONFIG": str(other)}).redis.prefix == "two"
    assert settings.load(config, {"DISPATCHER_CONFIG": str(other)}).redis.prefix == "one"
    assert settings.load(None, {"DISPATCHER_CONFIG": ""}).redis.prefix == "dispatcher"


def test_a_byte_order_mark_of_an_editor_does_no_harm(config: Path) -> None:
    config.write_text("[redis]\nprefix = 'one'\n", encoding="utf-8-sig")
    assert settings.load(config, {}).redis.prefix == "one"


def test_all_faults_are_told_at_once(config: Path, tmp_path: Path) -> None:
    config.write_text(
        "top = 1\n[hoper]\n[api]\ntokn = 'hunter2'\n[limits]\nphone_concurrency = 0\nlease = 1\n[hopper]\nlease = 'x'\n"
    )
    environ = {
        "DISPATCHER_API_TOKEN": "hunter2",
        "DISPATCHER_SYNC__SOON": "later",
        "DISPATCHER_HTTP__TOKEN_FILE": "missing",
        "DISPATCHER_REDIS__URL": "hunter2",
    }
    starts = [
        f"{config} has no use for top: remove it, or use one of api, ",
        f"{config} has no use for hoper: did you mean hopper?",
        f"{config} has no use for api.tokn: did you mean api.token?",
        f"{config} has no use for limits.lease: did you mean hopper.lease?",
        "The environment variable DISPATCHER_API_TOKEN is no setting: did you mean DISPATCHER_API__TOKEN?",
        f"The file {tmp_path / 'missing'} of http.token_file (environment variable DISPATCHER_HTTP__TOKEN_FILE) cannot",
        "redis.url is set (environment variable DISPATCHER_REDIS__URL), but must begin with redis://",
        "sync.soon is 'later' (environment variable DISPATCHER_SYNC__SOON), but must be a duration",
        f"limits.phone_concurrency is 0 (file {config}), but must be a whole number",
        f"hopper.lease is 'x' (file {config}), but must be a duration",
    ]
    told = faults(config, environ)
    assert len(told) == len(starts)
    assert all(fault.startswith(start) for fault, start in zip(told, starts, strict=True)), told
    assert "hunter2" not in "".join(told)


def test_no_traceback_carries_what_was_given() -> None:
    with pytest.raises(ConfigurationError) as raised:
        settings.load(None, {"DISPATCHER_REDIS__URL": "hunter2"})
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("content", "place", "reason"),
    [
        (b"[api]\ntoken hunter2\n", "line 2, column 7", "Expected '=' after a key"),
        (b"[api]\n\ntoken = ", "line 3", "Invalid value"),
        (b'[api]\ntoken = "hunter2', "line 2", "Unterminated string"),
        (b"[api]\n[api]\n", "line 2, column 5", "Cannot declare"),
    ],
)
def test_a_syntax_error_is_told_with_its_line(config: Path, content: bytes, place: str, reason: str) -> None:
    config.write_bytes(content)
    (fault,) = faults(config, {})
    assert fault.startswith(f"{config} is no valid TOML at {place}: {reason}")
    assert "hunter2" not in fault


@pytest.mark.parametrize("content", ["x = 1" + "0" * 5000, "x = " + "[" * 100_000], ids=["number", "depth"])
def test_a_file_that_breaks_the_parser_is_a_fault(config: Path, content: str) -> None:
    config.write_text(content)
    (fault,) = faults(config, {})
    assert fault.startswith(f"{config} is no valid TOML: ")


def test_a_file_that_is_not_utf_8_is_a_fault(config: Path) -> None:
    config.write_bytes(b"[redis]\nprefix = '\xe9'\n")
    assert faults(config, {}) == (f"{config} is not UTF-8 at byte 18: save it in UTF-8.",)


@pytest.mark.parametrize(("name", "reason"), [("absent.toml", "No such file or directory"), ("", "Is a directory")])
def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path, name: str, reason: str) -> None:
    path = tmp_path / name
    assert faults(path, {}) == (f"The configuration file {path} cannot be read: {reason}.",)


def test_a_path_that_cannot_be_one_is_a_fault() -> None:
    assert faults(None, {"DISPATCHER_CONFIG": "a\0b"})[0].startswith("The configuration file a\0b cannot be read: ")


def test_what_a_broken_file_may_have_set_is_not_called_missing(config: Path) -> None:
    config.write_text("[http\ntoken = '0123456789abcdef'\n")
    told = faults(config, {"DISPATCHER_HTTP__BIND": "0.0.0.0:80", "DISPATCHER_HOPPER__LEASE": "x"})
    assert [fault.split(" is ")[0] for fault in told] == [str(config), "hopper.lease"]


def test_a_section_that_is_no_table_is_a_fault(config: Path) -> None:
    config.write_text("api = 'x'\n[[log]]\nlevel = 'info'\n")
    assert faults(config, {}) == (
        f"api in {config} must be a table: write [api] and its keys below it.",
        f"log in {config} must be a table: write [log] and its keys below it.",
    )


def test_a_key_outside_its_section_is_told_where_it_belongs(config: Path) -> None:
    config.write_text("base_url = 'https://h'\n")
    assert faults(config, {}) == (f"{config} has no use for base_url: did you mean api.base_url?",)


def test_an_unknown_key_like_no_other_is_told_what_there_is(config: Path) -> None:
    config.write_text("[log]\nzzz = 1\n")
    assert faults(config, {}) == (f"{config} has no use for log.zzz: remove it, or use one of log.format, log.level.",)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DISPATCHER_HOPPER__LEESE", "DISPATCHER_HOPPER__LEASE"),
        ("DISPATCHER_HOPPER_LEASE", "DISPATCHER_HOPPER__LEASE"),
        ("dispatcher_hopper__lease", "DISPATCHER_HOPPER__LEASE"),
        ("DISPATCHER_CONFIG_FILE", "DISPATCHER_CONFIG"),
        ("DISPATCHER_LOG", "use one of DISPATCHER_LOG__LEVEL, DISPATCHER_LOG__FORMAT."),
        ("DISPATCHER_HTTP__PORT", "use one of DISPATCHER_HTTP__BIND, DISPATCHER_HTTP__TOKEN, "),
        ("DISPATCHER_ZZZ__ZZZ", "use one of DISPATCHER_<SECTION>__<KEY>."),
    ],
)
def test_an_unknown_variable_is_told_what_was_meant(name: str, meant: str) -> None:
    (fault,) = faults(None, {name: "8080"})
    assert fault.startswith(f"The environment variable {name} is no setting: ")
    assert meant in fault


def test_variables_of_others_are_left_alone() -> None:
    environ = {"PATH": "/bin", "_DISPATCHER_COMPLETE": "bash_source", "DISPATCHERS": "2", "LOG__LEVEL": "x"}
    assert settings.load(None, environ) == settings.Settings()


def test_variables_that_kubernetes_makes_for_services_are_left_alone() -> None:
    environ = {
        "DISPATCHER_SERVICE_HOST": "10.0.0.1",
        "DISPATCHER_SERVICE_PORT": "8080",
        "DISPATCHER_SERVICE_PORT_HTTP": "8080",
        "DISPATCHER_PORT": "tcp://10.0.0.1:8080",
        "DISPATCHER_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        "DISPATCHER_PORT_8080_TCP_ADDR": "10.0.0.1",
        "DISPATCHER_REDIS_SERVICE_HOST": "10.0.0.2",
        "DISPATCHER_REDIS_PORT": "tcp://10.0.0.2:6379",
    }
    assert settings.load(None, environ) == settings.Settings()


@pytest.mark.parametrize(
    ("environ", "key", "requirement"),
    [
        ({"SYNC__INTERVAL": "10m"}, "sync.max_staleness is 10m (default)", "be longer than sync.interval (10m)"),
        ({"HOPPER__LEASE": "31s"}, "hopper.claim_timeout is 30s (default)", "be no shorter than hopper.lease (31s)"),
        ({"HOPPER__CALL_TIMEOUT": "30s"}, "hopper.call_timeout is '30s' ", "be longer than hopper.claim_timeout (30s)"),
        (
            {"HTTP__BIND": "0.0.0.0:80"},
            "http.token is not set",
            "hold a token, because others can reach http.bind (0.0.0.0:80)",
        ),
        (
            {"HTTP__BIND": "[::]:80", "HTTP__TOKEN": ""},
            "http.token is empty ",
            "hold a token, because others can reach",
        ),
    ],
)
def test_settings_that_disagree_are_refused(environ: dict[str, str], key: str, requirement: str) -> None:
    (fault,) = faults(None, {f"DISPATCHER_{name}": value for name, value in environ.items()})
    assert fault.startswith(key)
    assert f", but must {requirement}" in fault


def test_a_lease_may_last_as_long_as_a_claim() -> None:
    assert settings.load(None, {"DISPATCHER_HOPPER__LEASE": "30s"}).hopper.lease == timedelta(seconds=30)


@pytest.mark.parametrize("bad", ["HOPPER__LEASE", "HOPPER__CLAIM_TIMEOUT", "SYNC__INTERVAL", "HTTP__BIND"])
def test_a_faulty_value_is_not_compared_with_others(bad: str) -> None:
    assert len(faults(None, {f"DISPATCHER_{bad}": "x"})) == 1


def test_the_account_is_needed_only_when_asked_for() -> None:
    with pytest.raises(ConfigurationError) as raised:
        settings.load(None, {}).api.require()
    assert [fault.split(":")[0] for fault in raised.value.faults] == ["api.base_url is not set", "api.token is not set"]
    with pytest.raises(
        ConfigurationError, match=r"^api\.token is not set: .* DISPATCHER_API__TOKEN, .* api.token_file"
    ):
        settings.load(None, {"DISPATCHER_API__BASE_URL": "https://h"}).api.require()
    with pytest.raises(ConfigurationError, match=r"^api\.base_url is not set: .* DISPATCHER_API__BASE_URL"):
        settings.load(None, {"DISPATCHER_API__TOKEN": "t"}).api.require()


def test_the_account_is_whole() -> None:
    environ = {"DISPATCHER_API__BASE_URL": "https://h/", "DISPATCHER_API__TOKEN": "t", "DISPATCHER_API__TIMEOUT": "1"}
    account = settings.load(None, environ).api.require()
    assert account == settings.Account("https://h", SecretStr("t"), timedelta(seconds=1), None)


def test_settings_do_not_change() -> None:
    loaded = settings.load(None, {})
    with pytest.raises(ValidationError, match="frozen"):
        loaded.redis.prefix = "x"
    with pytest.raises(ValidationError, match="frozen"):
        loaded.redis = settings.Redis()
