"""What became of a call, as a dialer worker reports it."""

from enum import StrEnum


class Outcome(StrEnum):
    """The outcomes of the queue protocol; workers rely on the values."""

    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    VOICEMAIL = "voicemail"
    FAILED = "failed"
    INVALID_NUMBER = "invalid-number"
    DO_NOT_CALL = "do-not-call"
    CANCELED = "canceled"
    GONE = "gone"


ENDS = tuple(one for one in Outcome if one is not Outcome.GONE)
"""What a call that was perhaps begun may have ended with; `gone` is a worker's word that it never began."""

BEGUN = "begun"
"""The word in the outcome stream that says that a worker has taken the call document; it is no outcome."""


def outcome(word: str) -> Outcome:
    """Return the outcome that a worker's word stands for; an unknown word counts as FAILED."""
    try:
        return Outcome(word)
    except ValueError:
        return Outcome.FAILED
