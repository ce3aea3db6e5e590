import pytest

from dispatcher.model.order import DIALABLE, OrderStatus
from dispatcher.model.outcome import Outcome
from dispatcher.rules.verdict import verdict


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (OrderStatus.CONTACTED, Outcome.COMPLETED),
        (OrderStatus.FAILED, Outcome.FAILED),
        (OrderStatus.DO_NOT_CALL, Outcome.DO_NOT_CALL),
        (OrderStatus.CANCELED, Outcome.CANCELED),
    ],
)
def test_a_status_that_ends_an_order_ends_the_doubt(status: OrderStatus, outcome: Outcome) -> None:
    assert verdict(status) is outcome


@pytest.mark.parametrize(
    "status", [*sorted(DIALABLE), OrderStatus.REGISTERED, OrderStatus.CALLING, OrderStatus.UNKNOWN]
)
def test_a_status_that_a_call_may_have_found_proves_nothing_of_it(status: OrderStatus) -> None:
    assert verdict(status) is None


def test_every_status_is_judged() -> None:
    ends = {status for status in OrderStatus if verdict(status) is not None}
    assert not ends & DIALABLE
    assert ends | DIALABLE | {OrderStatus.REGISTERED, OrderStatus.CALLING, OrderStatus.UNKNOWN} == set(OrderStatus)
