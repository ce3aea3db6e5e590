from datetime import timedelta

import pytest

from dispatcher.model.order import DIALABLE, order_status
from dispatcher.model.outcome import Outcome
from dispatcher.rules.reporting import MOST_TRIES, status_word, wait_after


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (Outcome.COMPLETED, "contacted"),
        (Outcome.BUSY, "busy"),
        (Outcome.NO_ANSWER, "no-answer"),
        (Outcome.VOICEMAIL, "no-answer"),
        (Outcome.FAILED, "failed"),
        (Outcome.INVALID_NUMBER, "failed"),
        (Outcome.DO_NOT_CALL, "do not call"),
        (Outcome.CANCELED, "canceled"),
        (Outcome.GONE, None),
    ],
)
def test_each_outcome_that_ends_an_order_has_a_word_of_the_platforms(outcome: Outcome, word: str | None) -> None:
    assert status_word(outcome, closed=True) == word


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.NO_ANSWER, Outcome.VOICEMAIL, Outcome.FAILED])
def test_no_word_keeps_an_order_from_its_next_attempt(outcome: Outcome) -> None:
    word = status_word(outcome, closed=False)
    assert word is None or order_status(word) in DIALABLE


def test_waits_grow_to_an_hour_and_end() -> None:
    waits = [wait_after(tries) for tries in range(1, MOST_TRIES)]
    assert waits[:3] == [timedelta(seconds=seconds) for seconds in (30, 60, 120)]
    assert waits[-1] == timedelta(hours=1)
    assert wait_after(MOST_TRIES) is None


def test_a_wait_is_no_shorter_than_the_platform_asks_for() -> None:
    assert wait_after(1, timedelta(minutes=10)) == timedelta(minutes=10)
    assert wait_after(2, timedelta(seconds=10)) == timedelta(minutes=1)
