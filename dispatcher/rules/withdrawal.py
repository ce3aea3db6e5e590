"""May a call that is queued still be begun? By the same rules that let it in, and by no others."""

from collections.abc import Sequence
from datetime import datetime

from dispatcher.model.basis import basis
from dispatcher.model.order import DIALABLE, OrderRecord
from dispatcher.model.reasons import Code, Reason
from dispatcher.rules.plan import Plan

CAMPAIGN_REMOVED = "campaign_removed"
ORDER_REMOVED = "order_removed"
ORDER_CLOSED = "order_closed"
CHANGED = "changed"


def why_withdrawn(
    plan: Plan | None,
    reasons: Sequence[Reason],
    record: OrderRecord | None,
    *,
    queued_by: str,
    not_after: datetime,
    at: datetime,
) -> str | None:
    """Return why a call must be taken back at `at`, as a word for the record; None if it may be begun.

    `reasons` is what stands against the campaign now, `queued_by` the basis that the call was queued by.
    """
    if plan is None:
        return CAMPAIGN_REMOVED
    if reasons:
        return reasons[0].code.value
    if not_after <= at:
        return Code.WINDOW_CLOSED.value
    return _against_order(plan, record, queued_by)


def _against_order(plan: Plan, record: OrderRecord | None, queued_by: str) -> str | None:
    if record is None or record.removed:
        return ORDER_REMOVED
    if record.closed_as is not None:
        return ORDER_CLOSED
    if record.forbidden:
        return Code.DO_NOT_CALL.value
    if record.order.status not in DIALABLE or not record.listed:
        return Code.ORDER_NOT_DIALABLE.value
    if plan.phone is None or basis(plan.campaign, plan.phone, record.order) != queued_by:
        return CHANGED
    return None
