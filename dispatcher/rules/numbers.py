"""Telephone numbers: which text is a number that may be dialled, and in which zones it may ring.

A number counts if it is possible in its country's numbering plan (country code and length). Whether it is valid, that
is in a range known to be assigned, is not asked on purpose: libphonenumber's own advice is that such data lag behind
new ranges. A number in no known range has no known zone, and the recipient rule stops it by that.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult, timezone

from dispatcher.model.reasons import Code
from dispatcher.rules.fault import Fault

_LONGEST = 40
_INTERNATIONAL = re.compile(r" *\+[0-9][0-9 ().\-]*")
"""ASCII digits and the marks that people put between them; no letters, extensions or national forms."""

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
    if number is None or number == "":
        raise NumberFault("there is no number to call")
    if not isinstance(number, str):
        raise NumberFault(f"the number is not text in international form {_EXAMPLE}")
    return _normalise(number)


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
