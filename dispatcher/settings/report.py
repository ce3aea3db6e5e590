"""The configuration in force, for people to look at."""

from datetime import timedelta
from typing import NamedTuple

from pydantic import SecretStr

from dispatcher.settings import durations
from dispatcher.settings.keys import KEYS
from dispatcher.settings.model import Settings
from dispatcher.settings.urls import redacted

_LONGEST = 120
_WORD = 64


class Row(NamedTuple):
    """One key as it is in force; `value` holds no secret, and `source` says where it was set."""

    key: str
    value: str
    source: str
    description: str


def describe(settings: Settings) -> list[Row]:
    """Return a row for each key, in the order of the configuration file."""
    return [
        Row(
            str(key),
            _in_force(getattr(getattr(settings, key.section), key.name)),
            settings.source(str(key)),
            key.field.description or "",
        )
        for key in KEYS.values()
    ]


def _in_force(value: object) -> str:
    if isinstance(value, dict):
        return shown("; ".join(f"{name}: {shown(one)}" for name, one in value.items()) or "{}")
    return shown(value)


def shown(value: object) -> str:
    """Return a value as it may be shown: secrets masked, URLs without their passwords, no line longer than it helps."""
    if isinstance(value, SecretStr):
        return redacted(value.get_secret_value())
    if isinstance(value, timedelta):
        return durations.text(value)
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return shown(", ".join(map(str, value)) or "[]")
    if isinstance(value, int) and value.bit_length() > _WORD:
        return "a number beyond 64 bits"  # Python may refuse to write it out
    text = "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str) and ("://" in text or "@" in text):
        text = redacted(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
