"""What an order's own status on the platform says of a call of which nothing was heard.

Only a status that ends the order is believed, and only to end it. An order is queued while its status allows a call, so
that one which ends it was given after the call was queued: by whoever saw the call, or by a person who wants no other.

- contacted (or completed): somebody was reached, `completed`;
- failed: the platform saw the call fail; nothing says that it is to be tried again;
- do not call: the person asked for it, and no campaign may call again;
- canceled: a person ended the order, whatever became of the call.

Nothing is concluded from the others. `busy` and `no-answer` may be what was left of the attempt before, and a call that
follows on them would be ours to answer for. `planned`, `scheduled` and `registered` are what an order is that nobody
has reported of, which is the very doubt. `calling` is no end, and an unknown word says nothing.
"""

from dispatcher.model.order import OrderStatus
from dispatcher.model.outcome import Outcome

_ENDS = {
    OrderStatus.CONTACTED: Outcome.COMPLETED,
    OrderStatus.FAILED: Outcome.FAILED,
    OrderStatus.DO_NOT_CALL: Outcome.DO_NOT_CALL,
    OrderStatus.CANCELED: Outcome.CANCELED,
}


def verdict(status: OrderStatus) -> Outcome | None:
    """Return the outcome that an uncertain call has ended with, by its order's status; None if that tells nothing."""
    return _ENDS.get(status)
