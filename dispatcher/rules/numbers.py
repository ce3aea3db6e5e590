"""Telephone numbers: which text is a number that may be dialled, and in which zones it may ring.

A number counts if it is possible in its country's numbering plan (country code and length). Whether it is valid, that
is in a range known to be assigned, is not asked on purpose: libphonenumber's own advice is that such data lag behind
new ranges. A number in no known range has no known zone, and the recipient rule stops it by that.
"""

import re
from functools import cache, lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberFormat, ValidationResult, timezone

from dispatcher.model.reasons import Code
from dispatcher.rules.fault import Fault

_LONGEST = 40
_INTERNATIONAL = re.compile(r" *\+[0-9][0-9 ().\-]*")
"""ASCII digits and the marks that people put between them; no letters, extensions or national forms."""

_DIGITS = re.compile(r"\+[1-9][0-9]{7,14}")
"""What most numbers look like: an E.164 number, if its country has numbers like it."""

_EXAMPLE = "such as '+12125550100'"


class NumberFault(Fault):
    """What should be a telephone number cannot be dialled. The sentence does not repeat it: it is a person's data."""

    def __init__(self, detail: str) -> None:
        super().__init__(Code.NUMBER_INVALID, detail)


def normalise(number: object) -> str:
    """Return a number in E.164, such as `+12125550100`.

    The number must be in international form, with a leading `+`; spaces, dashes, dots and brackets in it are
    tolerated. NumberFault says what is wrong with anything else.
    """
    if isinstance(number, str) and number:
        return number if _is_e164(number) else _normalise(number)
    if number is None or number == "":
        raise NumberFault("there is no number to call")
    raise NumberFault(f"the number is not text in international form {_EXAMPLE}")


@lru_cache(maxsize=16384)
def candidate_zones(e164: str) -> tuple[str, ...]:
    """Return the names of all time zones in which a number in E.164 may ring; none if its place is not known.

    A toll-free or mobile number may lie anywhere in its country, so there may be dozens.
    """
    found = timezone.time_zones_for_number(phonenumbers.parse(e164, None))
    return tuple(name for name in found if name != timezone.UNKNOWN_TIMEZONE)


@lru_cache(maxsize=16384)
def _normalise(text: str) -> str:
    if len(text) > _LONGEST or not _INTERNATIONAL.fullmatch(text):
        raise NumberFault(f"the number is not in international form {_EXAMPLE}")
    try:
        parsed = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        raise NumberFault("the number has an unknown country code or an impossible length") from error
    # Not is_possible_number, which lets numbers pass that can be dialled only within their own town.
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        raise NumberFault("the number has a length that its country does not use")
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


class _Plan(NamedTuple):
    """A country's numbers: where they begin behind the country code, how long they are, what is not part of them."""

    start: int
    lengths: frozenset[int]
    prefix: re.Pattern[str] | None


def _is_e164(text: str) -> bool:
    """Tell whether a text is a number just as `_normalise` would give it back, which takes twenty times as long.

    False also where only that can tell: a number that begins like a prefix which is dialled within its country.
    """
    plan = _plan(text[1:4]) if _DIGITS.fullmatch(text) else None
    if plan is None or len(text) - plan.start not in plan.lengths:
        return False
    return plan.prefix is None or plan.prefix.match(text, plan.start) is None


@cache
def _plan(digits: str) -> _Plan | None:
    """Return the plan of the numbers that begin with three digits; None if no country has them."""
    for length in (1, 2, 3):
        region, *_ = COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length]), (None,))
        metadata = None if region is None else PhoneMetadata.metadata_for_region(region, None)
        if metadata is not None and metadata.general_desc is not None:
            prefix = metadata.national_prefix_for_parsing
            lengths = frozenset(metadata.general_desc.possible_length)
            return _Plan(1 + length, lengths, None if prefix is None else re.compile(prefix))
    return None
