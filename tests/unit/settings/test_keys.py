"""Each key by itself: its variable reaches it, its bad values are refused."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from dispatcher import settings
from dispatcher.errors import ConfigurationError
from dispatcher.settings.keys import KEYS, variable

SHIPPED = Path(__file__).parents[3] / "config" / "calling-rules.toml"

VALID: dict[str, tuple[str, Any]] = {
    "api.base_url": ("https://example.org/api", "https://example.org/api"),
    "api.token": ("the-token", SecretStr("the-token")),
    "api.timeout": ("250ms", timedelta(milliseconds=250)),
    "api.ca_file": (str(SHIPPED), SHIPPED),
    "database.url": ("postgresql://db/x", SecretStr("postgresql://db/x")),
    "redis.url": ("rediss://redis:6380/1", SecretStr("rediss://redis:6380/1")),
    "redis.prefix": ("other:dispatcher", "other:dispatcher"),
    "sync.interval": ("5", timedelta(seconds=5)),
    "sync.orders_interval": ("100ms", timedelta(milliseconds=100)),
    "sync.max_staleness": ("31s", timedelta(seconds=31)),
    "sync.soon": ("0", timedelta()),
    "sync.whole_interval": ("1h", timedelta(hours=1)),
    "sync.pass_timeout": ("1m", timedelta(minutes=1)),
    "schedule.last_call_before_close": ("5m", timedelta(minutes=5)),
    "schedule.opening_ramp": ("24h", timedelta(hours=24)),
    "schedule.blackout_dates": (
        '{"c-1": ["2026-12-31", "2026-12-24", "2026-12-24"], " c-2 ": []}',
        {"c-1": (date(2026, 12, 24), date(2026, 12, 31)), "c-2": ()},
    ),
    "limits.phone_concurrency": ("1", 1),
    "limits.phone_calls_per_second": ("0.2", 0.2),
    "limits.campaign_concurrency": (" 7 ", 7),
    "limits.total_concurrency": ("1000000", 1_000_000),
    "limits.phone_calls_per_day": ("100", 100),
    "limits.weights": ('{"c-1": 3, " c-2 ": 1}', {"c-1": 3, "c-2": 1}),
    "breaker.share": ("none", None),
    "breaker.least": ("1", 1),
    "breaker.within": ("30s", timedelta(seconds=30)),
    "breaker.probe_after": ("10s", timedelta(seconds=10)),
    "hopper.lease": ("1s", timedelta(seconds=1)),
    "hopper.claim_timeout": ("10s", timedelta(seconds=10)),
    "hopper.call_timeout": ("30.001s", timedelta(seconds=30, milliseconds=1)),
    "hopper.reconcile_interval": ("1m", timedelta(minutes=1)),
    "retries.max_attempts": ("1", 1),
    "retries.busy": ("1ms", timedelta(milliseconds=1)),
    "retries.no_answer": ("1h", timedelta(hours=1)),
    "retries.voicemail": ("1h", timedelta(hours=1)),
    "retries.failed": ("1h", timedelta(hours=1)),
    "retries.growth": ("1", 1.0),
    "retries.open_hours_only": ("no", False),
    "retries.person_per_day": ("1", 1),
    "retries.person_per_week": ("none", None),
    "retries.person_gap": ("0", timedelta()),
    "report.orders": ("yes", True),
    "calling_rules.enabled": ("off", False),
    "calling_rules.file": (str(SHIPPED), SHIPPED),
    "calling_rules.off": ("us-ky", ("us-ky",)),
    "calling_rules.shadow": ("us-ky, us-tx", ("us-ky", "us-tx")),
    "calling_rules.on": ("us-debt,", ("us-debt",)),
    "calling_rules.blackout_dates": ("2026-12-31, 2026-12-24", (date(2026, 12, 24), date(2026, 12, 31))),
    "calling_rules.unknown_zone": ("Country", "country"),
    "http.bind": ("[::1]:0", settings.Bind("::1", 0)),
    "http.token": ("0123456789abcdef", SecretStr("0123456789abcdef")),
    "log.level": ("WARNING", "warning"),
    "log.format": ("Console", "console"),
    "daemon.stop_timeout": ("1m", timedelta(minutes=1)),
    "worker.stop_timeout": ("1m", timedelta(minutes=1)),
    "worker.webhook_timeout": ("1s", timedelta(seconds=1)),
    "worker.webhook_secret": ("whsec_abc", SecretStr("whsec_abc")),
}

DURATIONS = [name for name, key in KEYS.items() if key.field.annotation is timedelta]


def value(loaded: settings.Settings, key: str) -> Any:
    section, name = key.split(".")
    return getattr(getattr(loaded, section), name)


def test_the_table_above_has_every_key() -> None:
    assert list(VALID) == list(KEYS)


@pytest.mark.parametrize("key", VALID)
def test_a_variable_sets_its_key_and_no_other(key: str) -> None:
    written, expected = VALID[key]
    loaded = settings.load(None, {variable(key): written})
    assert value(loaded, key) == expected
    assert value(loaded, key) != KEYS[key].field.default
    assert {row.key for row in settings.describe(loaded) if row.source != "default"} == {key}


def refused(path: Path | None, environ: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as raised:
        settings.load(path, environ)
    (fault,) = raised.value.faults
    return fault


@pytest.mark.parametrize("key", DURATIONS)
@pytest.mark.parametrize("written", ["soon", "-1s", "nan", "", "none", "9000h"])
def test_a_bad_duration_is_refused(key: str, written: str) -> None:
    fault = refused(None, {variable(key): written})
    assert fault.startswith(f"{key} is {written!r} (environment variable {variable(key)}), but must be ")


@pytest.mark.parametrize(
    ("key", "written", "least"),
    [
        ("hopper.lease", "999ms", "1s"),
        ("sync.interval", "99ms", "100ms"),
        ("sync.orders_interval", "0", "100ms"),
        *(
            (key, "0", "1ms")
            for key in DURATIONS
            if key.startswith(("retries.", "daemon.", "api.")) and key != "retries.person_gap"
        ),
    ],
)
def test_a_duration_that_is_too_short_is_refused(key: str, written: str, least: str) -> None:
    assert refused(None, {variable(key): written}).endswith(f", but must be at least {least}.")


def test_a_duration_that_is_too_long_is_refused() -> None:
    assert refused(None, {variable("schedule.opening_ramp"): "86400001ms"}).endswith(", but must be at most 24h.")


@pytest.mark.parametrize(
    ("written", "requirement"),
    [
        ("p50", "must be a duration such as 250ms, 30s, 10m or 2h, or a number of seconds, or p95"),
        ("", "must be a duration such as 250ms, 30s, 10m or 2h, or a number of seconds, or p95"),
        ("86400001ms", "must be at most 24h, or p95"),
    ],
)
def test_the_last_call_is_a_duration_or_the_percentile(written: str, requirement: str) -> None:
    key = "schedule.last_call_before_close"
    assert refused(None, {variable(key): written}) == (
        f"{key} is {written!r} (environment variable {variable(key)}), but {requirement}."
    )
    assert value(settings.load(None, {variable(key): " P95 "}), key) == "p95"


@pytest.mark.parametrize(
    "written",
    ["", "2026-12-24", "[]", "null", "{", '{"": []}', '{"c-1": "2026-12-24"}', '{"c-1": {}}', "[" * 100_000],
)
def test_blackout_dates_that_are_no_table_of_lists_are_refused(written: str) -> None:
    fault = refused(None, {variable("schedule.blackout_dates"): written})
    assert "but must be a table of dates by campaign, such as { " in fault


@pytest.mark.parametrize("written", ['{"c-1": ["Christmas"]}', '{"c-1": [20261224]}', '{"c-1": [null]}'])
def test_blackout_dates_that_are_no_dates_are_refused(written: str) -> None:
    fault = refused(None, {variable("schedule.blackout_dates"): written})
    assert fault.endswith("but must be a list of dates such as 2026-12-24.")


@pytest.mark.parametrize("written", ["3", "[1]", "{", '{"c-1": 0}', '{"c-1": 1001}', '{"c-1": 1.5}', '{" ": 1}'])
def test_weights_that_are_no_table_of_whole_numbers_are_refused(written: str) -> None:
    assert "must be a table of whole numbers from 1 to 1000" in refused(None, {variable("limits.weights"): written})


@pytest.mark.parametrize("written", ["0", "1.1", "half"])
def test_a_share_that_is_no_part_is_refused(written: str) -> None:
    assert "must be a number above 0, at most 1" in refused(None, {variable("breaker.share"): written})


def test_blackout_dates_in_a_file_are_a_table_and_are_shown_as_one_line(tmp_path: Path) -> None:
    path = tmp_path / "dispatcher.toml"
    path.write_text('[schedule.blackout_dates]\n"c-1" = [2026-12-24, "2026-12-31"]\nc-2 = []\n')
    loaded = settings.load(path, {})
    assert loaded.schedule.blackout_dates == {"c-1": (date(2026, 12, 24), date(2026, 12, 31)), "c-2": ()}
    rows = {row.key: row.value for row in settings.describe(loaded)}
    assert rows["schedule.blackout_dates"] == "c-1: 2026-12-24, 2026-12-31; c-2: []"
    assert {row.key: row.value for row in settings.describe(settings.Settings())}["schedule.blackout_dates"] == "{}"


@pytest.mark.parametrize(
    "key",
    ["limits.phone_concurrency", "limits.campaign_concurrency", "limits.total_concurrency", "retries.max_attempts"],
)
@pytest.mark.parametrize("written", ["0", "-1", "1.5", "1e3", "1000001", "9" * 5000, "ten", "٣", "true", "1_0"])
def test_a_bad_count_is_refused(key: str, written: str) -> None:
    assert refused(None, {variable(key): written}).endswith("but must be a whole number from 1 to 1000000.")


@pytest.mark.parametrize("key", ["limits.campaign_concurrency", "limits.total_concurrency", "log.format", "api.token"])
@pytest.mark.parametrize("written", ["", "none", " None "])
def test_an_empty_variable_takes_an_optional_value_away(key: str, written: str, tmp_path: Path) -> None:
    path = tmp_path / "dispatcher.toml"
    path.write_text(
        '[api]\ntoken = "t"\n[limits]\ncampaign_concurrency = 1\ntotal_concurrency = 1\n[log]\nformat = "json"\n'
    )
    assert value(settings.load(path, {variable(key): written}), key) is None


@pytest.mark.parametrize("written", ["0", "-0.5", "nan", "inf", "-inf", "1e300", "fast", ""])
def test_a_bad_rate_is_refused(written: str) -> None:
    fault = refused(None, {"DISPATCHER_LIMITS__PHONE_CALLS_PER_SECOND": written})
    assert fault.endswith("but must be a number above 0, at most 1000000, such as 0.5.")


@pytest.mark.parametrize("written", ["0.99", "nan", "inf", "double"])
def test_gaps_that_would_shrink_are_refused(written: str) -> None:
    fault = refused(None, {"DISPATCHER_RETRIES__GROWTH": written})
    assert fault.endswith("but must be a number from 1 to 1000000, such as 1.5.")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("true", True),
        ("YES", True),
        ("on", True),
        ("1", True),
        ("False", False),
        ("no", False),
        ("off", False),
        ("0", False),
    ],
)
def test_a_flag_is_read_in_any_common_spelling(written: str, expected: bool) -> None:
    assert settings.load(None, {"DISPATCHER_CALLING_RULES__ENABLED": written}).calling_rules.enabled is expected


@pytest.mark.parametrize("written", ["", "maybe", "2", "none"])
def test_what_is_no_flag_is_refused(written: str) -> None:
    assert refused(None, {"DISPATCHER_CALLING_RULES__ENABLED": written}).endswith("but must be true or false.")


@pytest.mark.parametrize("written", ["", "a b", "a{b", "a}b", "a\tb", "a\x00b", "a\u2028b", "\x7f"])
def test_a_prefix_that_would_break_keys_is_refused(written: str) -> None:
    assert "without blanks, control characters or braces" in refused(None, {"DISPATCHER_REDIS__PREFIX": written})


@pytest.mark.parametrize("written", ["Bearer hunter2", "hunter2\nX-Admin: 1", "hunter2é", " hunter2"])
def test_a_token_that_would_break_a_header_is_refused_and_not_shown(written: str) -> None:
    fault = refused(None, {"DISPATCHER_API__TOKEN": written})
    assert "must be the bare token" in fault
    assert "hunter2" not in fault


def test_a_token_of_our_own_that_could_be_guessed_is_refused_and_not_shown() -> None:
    fault = refused(None, {"DISPATCHER_HTTP__TOKEN": "hunter2"})
    assert "must have at least 16 characters" in fault
    assert "hunter2" not in fault


@pytest.mark.parametrize(
    ("written", "text", "loopback"),
    [
        ("127.0.0.1:8080", "127.0.0.1:8080", True),
        ("127.9.9.9:1", "127.9.9.9:1", True),
        ("localhost:0", "localhost:0", True),
        ("[::1]:65535", "[::1]:65535", True),
        ("0.0.0.0:80", "0.0.0.0:80", False),
        ("[::]:80", "[::]:80", False),
        ("dispatcher.example:80", "dispatcher.example:80", False),
    ],
)
def test_an_address_is_read_and_written_alike(written: str, text: str, loopback: bool) -> None:
    bind = settings.load(
        None, {"DISPATCHER_HTTP__BIND": written, "DISPATCHER_HTTP__TOKEN": "0123456789abcdef"}
    ).http.bind
    assert (str(bind), bind.loopback) == (text, loopback)


@pytest.mark.parametrize(
    "written", ["8080", ":8080", "*:8080", "::1:8080", "[::1]", "[1.2.3.4]:80", "[::g]:80", "h:65536", "h:-1", ""]
)
def test_what_is_no_address_is_refused(written: str) -> None:
    assert "but must be host:port, such as 127.0.0.1:8080" in refused(None, {"DISPATCHER_HTTP__BIND": written})


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("[limits]\nphone_concurrency = true", "is true (file"),
        ("[limits]\nphone_concurrency = 2.0", "is 2.0 (file"),
        ("[limits]\nphone_concurrency = [1]", "is a list (file"),
        ("[limits]\nphone_calls_per_second = false", "is false (file"),
        ("[limits]\nphone_calls_per_second = nan", "is nan (file"),
        (f"[limits]\nphone_calls_per_second = -1{'0' * 400}", "is a number beyond 64 bits (file"),
        (f"[limits]\nphone_concurrency = 0x{'f' * 5000}", "is a number beyond 64 bits (file"),
        (f"[hopper]\ncall_timeout = 0x{'f' * 5000}", "is a number beyond 64 bits (file"),
        ("[hopper]\nlease = inf", "is inf (file"),
        ("[hopper]\nlease = true", "is true (file"),
        ("[hopper.lease]\nseconds = 3", "is a table (file"),
        ("[calling_rules]\nenabled = 1", "is 1 (file"),
        ("[redis]\nprefix = 1", "is 1 (file"),
        ("[http]\nbind = 8080", "is 8080 (file"),
        ("[log]\nlevel = 2026-01-01", "is 2026-01-01 (file"),
        (f'[log]\nlevel = "{"x" * 500}"', f"is '{'x' * 120}…' (file"),
        ('[api]\nbase_url = ["https://u:hunter2@h"]', "is a list (file"),
        ('[api]\nbase_url = "u:hunter2@h"', "is '***' (file"),
        ("[api]\ntoken = 12345678", "api.token is set (file"),
    ],
)
def test_a_value_of_the_wrong_type_in_the_file_is_refused(toml: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "dispatcher.toml"
    path.write_text(toml)
    fault = refused(path, {})
    assert told in fault
    assert "hunter2" not in fault
    assert "12345678" not in fault
