import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.model.order import DIALABLE, OrderStatus, order_status


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("registered", OrderStatus.REGISTERED),
        ("planned", OrderStatus.PLANNED),
        ("scheduled", OrderStatus.SCHEDULED),
        ("calling", OrderStatus.CALLING),
        ("busy", OrderStatus.BUSY),
        ("contacted", OrderStatus.CONTACTED),
        ("completed", OrderStatus.CONTACTED),
        ("failed", OrderStatus.FAILED),
        ("canceled", OrderStatus.CANCELED),
        ("cancelled", OrderStatus.CANCELED),
        ("no-answer", OrderStatus.NO_ANSWER),
        ("no_answer", OrderStatus.NO_ANSWER),
        ("No Answer", OrderStatus.NO_ANSWER),
        ("noanswer", OrderStatus.NO_ANSWER),
        ("do not call", OrderStatus.DO_NOT_CALL),
        ("do-not-call", OrderStatus.DO_NOT_CALL),
        ("DO_NOT_CALL", OrderStatus.DO_NOT_CALL),
        ("  do  not - call ", OrderStatus.DO_NOT_CALL),
        ("DoNotCall", OrderStatus.DO_NOT_CALL),
        ("DNC", OrderStatus.DO_NOT_CALL),
        ("Planned ", OrderStatus.PLANNED),
    ],
)
def test_both_vocabularies_are_understood_in_any_spelling(word: str, status: OrderStatus) -> None:
    assert order_status(word) is status


@pytest.mark.parametrize("word", ["", "plan", "planned!", "later", None, 1, True, ["planned"], {"status": "planned"}])
def test_what_is_unknown_is_not_dialable(word: object) -> None:
    assert order_status(word) is OrderStatus.UNKNOWN
    assert OrderStatus.UNKNOWN not in DIALABLE


@given(word=st.text() | st.none() | st.integers() | st.binary())
def test_any_word_has_a_status(word: object) -> None:
    assert isinstance(order_status(word), OrderStatus)


def test_an_order_that_was_reached_failed_or_is_not_to_be_called_is_not_dialable() -> None:
    assert set(OrderStatus) - DIALABLE == {
        OrderStatus.REGISTERED,
        OrderStatus.CALLING,
        OrderStatus.CONTACTED,
        OrderStatus.FAILED,
        OrderStatus.CANCELED,
        OrderStatus.DO_NOT_CALL,
        OrderStatus.UNKNOWN,
    }
