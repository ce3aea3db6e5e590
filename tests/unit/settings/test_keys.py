"""Every key, by its variable and in the file."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from dispatcher import settings
from dispatcher.settings.keys import KEYS, variable
from tests.unit.settings.loaded import value

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


def test_the_table_above_has_every_key() -> None:
    assert list(VALID) == list(KEYS)


@pytest.mark.parametrize("key", VALID)
def test_a_variable_sets_its_key_and_no_other(key: str) -> None:
    written, expected = VALID[key]
    loaded = settings.load(None, {variable(key): written})
    assert value(loaded, key) == expected
    assert value(loaded, key) != KEYS[key].field.default
    assert {row.key for row in settings.describe(loaded) if row.source != "default"} == {key}


def test_blackout_dates_in_a_file_are_a_table_and_are_shown_as_one_line(tmp_path: Path) -> None:
    path = tmp_path / "dispatcher.toml"
    path.write_text('[schedule.blackout_dates]\n"c-1" = [2026-12-24, "2026-12-31"]\nc-2 = []\n')
    loaded = settings.load(path, {})
    assert loaded.schedule.blackout_dates == {"c-1": (date(2026, 12, 24), date(2026, 12, 31)), "c-2": ()}
    rows = {row.key: row.value for row in settings.describe(loaded)}
    assert rows["schedule.blackout_dates"] == "c-1: 2026-12-24, 2026-12-31; c-2: []"
    assert {row.key: row.value for row in settings.describe(settings.Settings())}["schedule.blackout_dates"] == "{}"


@pytest.mark.parametrize("key", ["limits.campaign_concurrency", "limits.total_concurrency", "log.format", "api.token"])
@pytest.mark.parametrize("written", ["", "none", " None "])
def test_an_empty_variable_takes_an_optional_value_away(key: str, written: str, tmp_path: Path) -> None:
    path = tmp_path / "dispatcher.toml"
    path.write_text(
        '[api]\ntoken = "t"\n[limits]\ncampaign_concurrency = 1\ntotal_concurrency = 1\n[log]\nformat = "json"\n'
    )
    assert value(settings.load(path, {variable(key): written}), key) is None


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
