"""What a dial function answers, and what is made of an answer that is none."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from dispatcher.model.call import Call
from dispatcher.model.outcome import Outcome

DETAIL_CHARACTERS = 500
"""A detail is for a person to read, and stays in Redis until it is applied: longer ones are clipped."""

HIDDEN = "[hidden]"


@dataclass(frozen=True, slots=True)
class Result:
    """An outcome with what the dialer knows besides: a sentence for people, and its own id of the call."""

    outcome: Outcome
    detail: str | None = None
    call_id: str | None = None


class OutcomeUnknown(Exception):  # noqa: N818 - it is an answer of the dial function, not a fault of it
    """Raised by a dial function that may have placed the call and does not know what became of it.

    Nothing is reported then. The dispatcher holds the order as uncertain, so that the person is not called twice.
    """


class OutcomeReported(Exception):  # noqa: N818 - the same
    """Raised by a dial function whose call has ended and whose outcome was delivered by `Worker.report`."""


Dial = Callable[[Call], Awaitable[Outcome | Result]]
"""Places one call and returns when it has ended. An exception means that the call failed."""


def result_of(answer: object) -> Result:
    """Return the result that a dial function meant; anything but an outcome or a `Result` is a failed call.

    A plain string is accepted if it is the word of an outcome. `gone` is refused: it tells the dispatcher that nobody
    began the call, which a dial function that has the call document cannot say.
    """
    result = answer if isinstance(answer, Result) else Result(outcome=answer)  # type: ignore[arg-type]
    try:
        outcome = Outcome(result.outcome)
    except ValueError:
        # The word of a string is kept for people; anything else may hold anything.
        word: object = result.outcome
        given = repr(word) if isinstance(word, str) else type(word).__name__
        return Result(Outcome.FAILED, clipped(f"the dialer returned {given}, which is no outcome"))
    if outcome is Outcome.GONE:
        return Result(Outcome.FAILED, "the dialer returned gone, which only a call that nobody began can be")
    call_id = None if result.call_id is None else str(result.call_id)
    return Result(outcome, None if result.detail is None else clipped(str(result.detail)), call_id)


def reported(document: object) -> Result | None:
    """Return the result in a JSON document such as `{"outcome": "busy", "detail": "…", "call_id": "…"}`.

    None if it is no object with a string under `outcome`.
    """
    if not isinstance(document, dict) or not isinstance(document.get("outcome"), str):
        return None
    return result_of(Result(document["outcome"], document.get("detail"), document.get("call_id")))


def failure(fault: BaseException, call: Call) -> Result:
    """Return the result of a dial function that raised."""
    return Result(Outcome.FAILED, clipped(hidden(f"{type(fault).__name__}: {fault}", call)))


def clipped(detail: str) -> str:
    """Return a detail of bounded length."""
    return detail[:DETAIL_CHARACTERS]


def hidden(text: str, call: Call) -> str:
    """Return a text without the number and the name of the person, which no log may hold."""
    for private in (call.to_phone_number, call.record_name):
        if private:
            text = text.replace(private, HIDDEN)
    return text
