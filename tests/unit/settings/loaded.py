"""What was loaded."""

from typing import Any

from dispatcher import settings


def value(loaded: settings.Settings, key: str) -> Any:
    """Return the value of a setting by its dotted name."""
    section, name = key.split(".")
    return getattr(getattr(loaded, section), name)
