"""Values that are refused, each with what is asked of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from dispatcher import settings
from dispatcher.errors import ConfigurationError
from dispatcher.settings.keys import KEYS, variable
from tests.unit.settings.loaded import value

DURATIONS = [name for name, key in KEYS.items() if key.field.annotation is timedelta]


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


@pytest.mark.parametrize(
    "key",
    ["limits.phone_concurrency", "limits.campaign_concurrency", "limits.total_concurrency", "retries.max_attempts"],
)
@pytest.mark.parametrize("written", ["0", "-1", "1.5", "1e3", "1000001", "9" * 5000, "ten", "٣", "true", "1_0"])
def test_a_bad_count_is_refused(key: str, written: str) -> None:
    assert refused(None, {variable(key): written}).endswith("but must be a whole number from 1 to 1000000.")


@pytest.mark.parametrize("written", ["0", "-0.5", "nan", "inf", "-inf", "1e300", "fast", ""])
def test_a_bad_rate_is_refused(written: str) -> None:
    fault = refused(None, {"DISPATCHER_LIMITS__PHONE_CALLS_PER_SECOND": written})
    assert fault.endswith("but must be a number above 0, at most 1000000, such as 0.5.")


@pytest.mark.parametrize("written", ["0.99", "nan", "inf", "double"])
def test_gaps_that_would_shrink_are_refused(written: str) -> None:
    fault = refused(None, {"DISPATCHER_RETRIES__GROWTH": written})
    assert fault.endswith("but must be a number from 1 to 1000000, such as 1.5.")


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
