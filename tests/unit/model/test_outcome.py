import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.model.outcome import BEGUN, Outcome, outcome


@pytest.mark.parametrize(
    "word",
    [
        *("completed", "busy", "no-answer", "voicemail", "failed"),
        *("invalid-number", "do-not-call", "canceled", "gone"),
    ],
)
def test_the_words_of_the_protocol_are_the_outcomes(word: str) -> None:
    assert outcome(word).value == word


def test_there_are_no_other_outcomes() -> None:
    assert len(Outcome) == 9


@given(word=st.text().filter(lambda word: word not in set(Outcome)))
def test_any_other_word_counts_as_failed(word: str) -> None:
    assert outcome(word) is Outcome.FAILED


def test_begun_is_no_outcome() -> None:
    assert BEGUN not in set(Outcome)
