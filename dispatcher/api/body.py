"""The body of an answer as JSON, also where a text in it was cut in the middle of a character."""

import re
from typing import Any

import orjson

_ESCAPES = re.compile(
    rb"(?P<kept>\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""A backslash, a whole pair of surrogates, or else half a pair."""


def read_json(body: bytes) -> Any:
    """Return what JSON says; ValueError if it is none.

    Half a surrogate pair, which is what a cut through an emoji leaves, reads as U+FFFD: one person's name must not
    hide everybody else on the page.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return orjson.loads(_ESCAPES.sub(lambda found: found["kept"] or rb"\ufffd", body))
