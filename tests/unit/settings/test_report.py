from pathlib import Path

from dispatcher import settings
from dispatcher.settings.keys import KEYS

SECRETS = {
    "DISPATCHER_API__TOKEN": "hunter2",
    "DISPATCHER_HTTP__TOKEN": "hunter2-hunter2-hunter2",
    "DISPATCHER_DATABASE__URL": "postgresql://user:hunter2@db/x",
    "DISPATCHER_REDIS__URL": "redis+sentinel://:hunter2@a,b/m/0?sentinel_password=hunter2",
}


def test_it_has_a_row_with_a_description_for_each_key() -> None:
    rows = settings.describe(settings.Settings())
    assert [row.key for row in rows] == list(KEYS)
    assert all(row.description.endswith(".") for row in rows)
    assert {row.source for row in rows} == {"default"}


def test_it_says_where_each_value_was_set(tmp_path: Path) -> None:
    config, secret = tmp_path / "dispatcher.toml", tmp_path / "token"
    secret.write_text("the-token\n")
    config.write_text(f"[api]\ntoken_file = '{secret}'\n[sync]\nsoon = 90\ninterval = 1\n")
    loaded = settings.load(config, {"DISPATCHER_SYNC__INTERVAL": "250ms", "DISPATCHER_CALLING_RULES__ENABLED": "no"})
    rows = {row.key: (row.value, row.source) for row in settings.describe(loaded) if row.source != "default"}
    assert rows == {
        "api.token": ("***", f"secret file {secret}"),
        "sync.interval": ("250ms", "environment variable DISPATCHER_SYNC__INTERVAL"),
        "sync.soon": ("90s", f"file {config}"),
        "calling_rules.enabled": ("false", "environment variable DISPATCHER_CALLING_RULES__ENABLED"),
    }


def test_what_was_set_in_code_is_not_called_a_default() -> None:
    given = settings.Settings(redis=settings.Redis(prefix="x"))
    assert {row.key: row.source for row in settings.describe(given) if row.source != "default"} == {
        "redis.prefix": "code"
    }


def test_no_secret_is_shown() -> None:
    loaded = settings.load(None, SECRETS)
    shown = repr(loaded) + str(loaded) + repr(settings.describe(loaded)) + repr(loaded.model_dump(mode="json"))
    assert "hunter2" not in shown
    assert {row.value for row in settings.describe(loaded)} >= {
        "postgresql://user:***@db/x",
        "redis+sentinel://:***@a,b/m/0?sentinel_password=***",
    }
