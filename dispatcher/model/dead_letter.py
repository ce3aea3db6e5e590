"""Dead letters: calls and reports that trying again cannot mend, and that a person must look at."""

from enum import StrEnum

from dispatcher.model.outcome import Outcome, outcome


class Reason(StrEnum):
    """Why a letter is dead. The first three closed an order; the others are reports that nothing could be done with."""

    INVALID_NUMBER = "invalid-number"
    FAILED = "failed"
    UNKNOWN_OUTCOME = "unknown-outcome"
    MALFORMED = "malformed"
    UNKNOWN_JOB = "unknown-job"
    TAKEN_BACK = "taken-back"


EXPLAINED = {
    Reason.INVALID_NUMBER: "the dialer says that the number is none",
    Reason.FAILED: "the call failed, and no attempt is left",
    Reason.UNKNOWN_OUTCOME: "the dialer reported a word that is no outcome, and no attempt is left",
    Reason.MALFORMED: "the report names no job",
    Reason.UNKNOWN_JOB: "the report names a job that this mirror does not know",
    Reason.TAKEN_BACK: "the report is of a call that was taken back, and that nobody can have begun",
}
"""A sentence for people for each reason."""


def closing(word: str) -> Reason | None:
    """Return why the order that a worker's word has closed is a dead letter; None if that is an end like any other."""
    meant = outcome(word)
    if meant is Outcome.INVALID_NUMBER:
        return Reason.INVALID_NUMBER
    if meant is not Outcome.FAILED:
        return None
    return Reason.FAILED if word == Outcome.FAILED else Reason.UNKNOWN_OUTCOME
