import pytest

from dispatcher.model.dead_letter import EXPLAINED, Reason, closing
from dispatcher.model.outcome import Outcome


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("invalid-number", Reason.INVALID_NUMBER),
        ("failed", Reason.FAILED),
        ("on-holiday", Reason.UNKNOWN_OUTCOME),
        ("", Reason.UNKNOWN_OUTCOME),
    ],
)
def test_a_failure_that_closes_an_order_makes_a_dead_letter(word: str, reason: Reason) -> None:
    assert closing(word) is reason


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.FAILED, Outcome.INVALID_NUMBER}))
def test_any_other_outcome_is_an_end_like_any_other(outcome: Outcome) -> None:
    assert closing(outcome.value) is None


def test_every_reason_has_a_sentence() -> None:
    assert set(EXPLAINED) == set(Reason)
