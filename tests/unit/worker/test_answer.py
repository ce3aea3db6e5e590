import pytest

from dispatcher.worker import Outcome, Result
from dispatcher.worker.answer import DETAIL_CHARACTERS, failure, hidden, reported, result_of
from tests.unit.worker.documents import CALL


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.GONE])
def test_every_outcome_of_a_call_is_an_answer(outcome: Outcome) -> None:
    assert result_of(outcome) == Result(outcome)


def test_the_word_of_an_outcome_is_an_answer() -> None:
    assert result_of("no-answer") == Result(Outcome.NO_ANSWER)


@pytest.mark.parametrize("answer", [None, True, 3, {}, ["completed"], "", "done", Result(None)])  # type: ignore[arg-type]
def test_anything_else_is_a_failed_call_with_a_reason(answer: object) -> None:
    result = result_of(answer)
    assert result.outcome is Outcome.FAILED
    assert "which is no outcome" in str(result.detail)


def test_gone_is_no_answer_of_a_dialer() -> None:
    result = result_of(Outcome.GONE)
    assert result.outcome is Outcome.FAILED
    assert "gone" in str(result.detail)


def test_a_long_detail_is_clipped() -> None:
    assert result_of(Result(Outcome.BUSY, "x" * 10_000)) == Result(Outcome.BUSY, "x" * DETAIL_CHARACTERS)


def test_a_detail_and_an_id_that_are_no_text_become_text() -> None:
    assert reported({"outcome": "busy", "detail": 486, "call_id": 77}) == Result(Outcome.BUSY, "486", "77")


@pytest.mark.parametrize("document", [None, [], "completed", {}, {"outcome": None}, {"outcome": 1}])
def test_a_document_without_an_outcome_is_no_report(document: object) -> None:
    assert reported(document) is None


def test_a_failure_names_the_fault_and_hides_the_person() -> None:
    result = failure(ValueError(f"{CALL.to_phone_number} is engaged"), CALL)
    assert result == Result(Outcome.FAILED, "ValueError: [hidden] is engaged")


def test_the_name_of_a_person_is_hidden() -> None:
    assert hidden(f"hello {CALL.record_name}!", CALL) == "hello [hidden]!"
