"""Which word for an order's status the platform is told after a call, and when to tell it again if that failed.

The words are those of the platform's table of meanings. Only a call that ends its order may be told by a word that
ends it there: an order that is to be tried again would otherwise be read back as one that must not be called.
"""

from datetime import timedelta

from dispatcher.model.outcome import Outcome

MOST_TRIES = 10
"""With the waits below, about three hours; then the platform is not told."""

_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=1)

_ALWAYS = {
    Outcome.COMPLETED: "contacted",
    Outcome.BUSY: "busy",
    Outcome.NO_ANSWER: "no-answer",
    # The platform has no word for it: the person was not reached, and may be tried again.
    Outcome.VOICEMAIL: "no-answer",
    Outcome.DO_NOT_CALL: "do not call",
    Outcome.CANCELED: "canceled",
}

_AT_THE_END = {Outcome.FAILED: "failed", Outcome.INVALID_NUMBER: "failed"}


def status_word(outcome: Outcome, *, closed: bool) -> str | None:
    """Return the word for an order after a call with this outcome, which has closed it or not; None if for none."""
    word = _ALWAYS.get(outcome)
    return _AT_THE_END.get(outcome) if word is None and closed else word


def wait_after(tries: int, asked: timedelta = timedelta(0)) -> timedelta | None:
    """Return the wait after so many tries that failed, no shorter than the platform asks for; None to give up."""
    if tries >= MOST_TRIES:
        return None
    return max(asked, min(_LONGEST_WAIT, _FIRST_WAIT * (1 << (tries - 1))))
