"""The fault of data that forbids dialling: a reason code and a sentence."""

from dispatcher.errors import DispatcherError
from dispatcher.model.reasons import Code, Reason


class Fault(DispatcherError):  # noqa: N818 - what is faulty is the platform's data, and that is expected
    """A schedule, a zone or a number from outside that nothing may be dialled by.

    `detail` is one sentence for a person; only a change of the data ends the fault.
    """

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail

    @property
    def reason(self) -> Reason:
        """The fault as a reason not to dial, with no end in sight."""
        return Reason(self.code, self.detail)


def shown(value: object) -> str:
    """Return a value from outside as a sentence may quote it: short, printable, in the words of JSON.

    It never fails, however deep, long or large the value is.
    """
    if isinstance(value, str):
        return repr(value if len(value) <= _CLIP else value[:_CLIP] + "…")
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < _LARGE):
        return _WORDS.get(repr(value), repr(value))
    return "null" if value is None else f"a value of type {type(value).__name__}"


_CLIP = 40
_LARGE = 10**15
"""Python refuses to print an integer of many thousand digits."""

_WORDS = {"True": "true", "False": "false"}
