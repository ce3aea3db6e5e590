"""The kinds of plain values: from TOML they come typed, from the environment as text.

Each raises a ValueError that begins with "must", so that a fault reads as a sentence after the key and its value.
"""

import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, SecretStr

from dispatcher.rules.last_call import P95, Before
from dispatcher.settings import durations

MOST = 1_000_000
"""No ceiling and no rate is higher; a larger number is a slip."""

MOST_WEIGHT = 1000
"""A campaign has as many calls in a row as it weighs: with more, the others would wait for long."""

_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_LEAST_SECRET = 16
_BY_NAME = (
    'must be a table of dates by campaign, such as { "8f3a91b2-…" = ["2026-12-24"] }, or in a variable the same as JSON'
)
_WEIGHTS = (
    f'must be a table of whole numbers from 1 to {MOST_WEIGHT} by campaign, such as {{ "8f3a91b2-…" = 3 }}, or in a'
    " variable the same as JSON"
)
_EARLIEST, _LATEST = 1900, 2200
"""The calendar goes on some way around these years, so that the days around a date exist."""


def absent(value: object) -> object:
    """Return None for an empty text or `none`, which is how the environment takes an optional value away."""
    return None if isinstance(value, str) and value.strip().lower() in {"", "none"} else value


def lower(value: object) -> object:
    """Return a text in lower case and without surrounding blanks; people write `INFO` too."""
    return value.strip().lower() if isinstance(value, str) else value


def at_least(least: str) -> Callable[[timedelta], timedelta]:
    """Return a check that a duration is no shorter than `least`."""

    def check(duration: timedelta) -> timedelta:
        if duration < durations.parse(least):
            raise ValueError(f"must be at least {least}")
        return duration

    return check


def at_most(most: str) -> Callable[[timedelta], timedelta]:
    """Return a check that a duration is no longer than `most`."""

    def check(duration: timedelta) -> timedelta:
        if duration > durations.parse(most):
            raise ValueError(f"must be at most {most}")
        return duration

    return check


def _count(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", value, re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST:
        raise ValueError(f"must be a whole number from 1 to {MOST}")
    return value


def _number(value: object) -> float | None:
    """Return a finite number or None; an integer stays one, because it may be too large for a float."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _rate(value: object) -> float:
    number = _number(value)
    if number is None or not 0 < number <= MOST:
        raise ValueError(f"must be a number above 0, at most {MOST}, such as 0.5")
    return float(number)


def _factor(value: object) -> float:
    number = _number(value)
    if number is None or not 1 <= number <= MOST:
        raise ValueError(f"must be a number from 1 to {MOST}, such as 1.5")
    return float(number)


def _flag(value: object) -> bool:
    flag = value if isinstance(value, bool) else _FLAGS.get(value.strip().lower() if isinstance(value, str) else "")
    if flag is None:
        raise ValueError("must be true or false")
    return flag


def _token(secret: SecretStr) -> SecretStr:
    # It travels in a header, where a blank or a line break would end it or smuggle in another.
    if not re.fullmatch(r"[\x21-\x7e]+", secret.get_secret_value()):
        raise ValueError("must be the bare token in printable ASCII, without blanks, line ends or the word Bearer")
    return secret


def _password(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < _LEAST_SECRET:
        raise ValueError(f"must have at least {_LEAST_SECRET} characters, such as `openssl rand -hex 16` prints")
    return secret


def _list(value: object) -> list[object]:
    """Return the members of a list, or of a text that separates them by commas, as the environment gives it."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list | tuple):
        return list(value)
    raise ValueError("must be a list")


def _names(value: object) -> tuple[str, ...]:
    names = tuple(name for name in _list(value) if isinstance(name, str) and name.strip())
    if len(names) != len(_list(value)):
        raise ValueError("must be a list of names")
    return names


def _dates(value: object) -> tuple[date, ...]:
    return tuple(sorted({_date(one) for one in _list(value)}))


def _date(value: object) -> date:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime) or not _EARLIEST <= day.year <= _LATEST:
        raise ValueError("must be a list of dates such as 2026-12-24")
    return day


def _dates_by_name(value: object) -> dict[str, tuple[date, ...]]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError(_BY_NAME) from None
    if not isinstance(value, dict) or not all(
        name.strip() and isinstance(days, list | tuple) for name, days in value.items()
    ):
        raise ValueError(_BY_NAME)
    return {name.strip(): _dates(days) for name, days in value.items()}


def _weights(value: object) -> dict[str, int]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError(_WEIGHTS) from None
    if not isinstance(value, dict) or not all(
        name.strip() and isinstance(weight, int) and not isinstance(weight, bool) and 1 <= weight <= MOST_WEIGHT
        for name, weight in value.items()
    ):
        raise ValueError(_WEIGHTS)
    return {name.strip(): weight for name, weight in value.items()}


def _share(value: object) -> float:
    number = _number(value)
    if number is None or not 0 < number <= 1:
        raise ValueError("must be a number above 0, at most 1, such as 0.5")
    return float(number)


def _last_call(value: object) -> Before:
    if isinstance(value, str) and value.strip().lower() == P95:
        return P95
    try:
        return at_most("24h")(durations.parse(value))
    except ValueError as fault:
        raise ValueError(f"{fault}, or {P95}") from None


def _file(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("must be the path of a file")
    return Path(value)


def _prefix(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[^\s{}]+", value) or not value.isprintable():
        raise ValueError("must be a text without blanks, control characters or braces, such as dispatcher")
    return value


Duration = Annotated[timedelta, BeforeValidator(durations.parse)]
PositiveDuration = Annotated[Duration, AfterValidator(at_least("1ms"))]
Count = Annotated[int, BeforeValidator(_count)]
Rate = Annotated[float, BeforeValidator(_rate)]
Factor = Annotated[float, BeforeValidator(_factor)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Token = Annotated[SecretStr, AfterValidator(_token)]
OwnToken = Annotated[Token, AfterValidator(_password)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Dates = Annotated[tuple[date, ...], BeforeValidator(_dates)]
DatesByName = Annotated[dict[str, tuple[date, ...]], BeforeValidator(_dates_by_name)]
Weights = Annotated[dict[str, int], BeforeValidator(_weights)]
Share = Annotated[float, BeforeValidator(_share)]
LastCall = Annotated[Before, BeforeValidator(_last_call)]
FilePath = Annotated[Path, BeforeValidator(_file)]
KeyPrefix = Annotated[str, BeforeValidator(_prefix)]
