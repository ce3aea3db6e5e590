"""Durations as people write them: `250ms`, `30s`, `10m`, `2h` or a number of seconds."""

import math
import re
from datetime import timedelta
from fractions import Fraction

LONGEST = timedelta(days=366)
"""Nothing here waits longer; a larger number is a slip, and sums of dates must not overflow."""

_UNITS_MS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_WRITTEN = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) ?(ms|s|m|h)?")


def parse(value: object) -> timedelta:
    """Return the duration that a text, a number of seconds or a timedelta stands for.

    It is exact, zero or more, at most LONGEST and in whole milliseconds, which is the unit of Redis. Anything else
    raises a ValueError that says what is allowed.
    """
    milliseconds = _milliseconds(value)
    if milliseconds is None:
        raise ValueError("must be a duration such as 250ms, 30s, 10m or 2h, or a number of seconds")
    if milliseconds.denominator != 1:
        raise ValueError("must be a whole number of milliseconds")
    if milliseconds > LONGEST // timedelta(milliseconds=1):
        raise ValueError(f"must be at most {text(LONGEST)}")
    return timedelta(milliseconds=milliseconds.numerator)


def text(duration: timedelta) -> str:
    """Return the duration in the largest unit that says it in a whole number: `90s`, `2h`; `parse` reads it back."""
    milliseconds = duration // timedelta(milliseconds=1)
    for unit, factor in _UNITS_MS.items():
        if milliseconds and milliseconds % factor == 0:
            return f"{milliseconds // factor}{unit}"
    return "0s"


def _milliseconds(value: object) -> Fraction | None:
    if isinstance(value, timedelta):
        amount, unit = Fraction(value // timedelta(microseconds=1), 1000), "ms"
    elif isinstance(value, str):
        written = _WRITTEN.fullmatch(value.strip())
        if written is None:
            return None
        amount, unit = Fraction(written[1]), written[2] or "s"
    elif isinstance(value, float) and math.isfinite(value):
        # By way of its text, because 0.1 in binary is no whole number of milliseconds.
        amount, unit = Fraction(str(value)), "s"
    elif isinstance(value, int) and not isinstance(value, bool):
        amount, unit = Fraction(value), "s"
    else:
        return None
    return amount * _UNITS_MS[unit] if amount >= 0 else None
