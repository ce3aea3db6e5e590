"""Every reason for which a campaign or an order is not dialled, each with its stable code."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Code(StrEnum):
    """Reason codes; tools rely on the values."""

    CAMPAIGN_NOT_ACTIVE = "campaign_not_active"
    CAMPAIGN_NOT_OUTBOUND = "campaign_not_outbound"
    CAMPAIGN_INVALID = "campaign_invalid"
    NO_SCHEDULE = "no_schedule"
    SCHEDULE_INVALID = "schedule_invalid"
    NO_TIMEZONE = "no_timezone"
    TIMEZONE_UNKNOWN = "timezone_unknown"
    WINDOW_CLOSED = "window_closed"
    NO_PHONE = "no_phone"
    PHONE_UNKNOWN = "phone_unknown"
    PHONE_NOT_ACTIVE = "phone_not_active"
    NO_ASSISTANT = "no_assistant"
    MIRROR_STALE = "mirror_stale"
    CLOCK_SKEW = "clock_skew"
    PAUSED_BY_OPERATOR = "paused_by_operator"
    PHONE_PAUSED = "phone_paused"
    PHONE_FAILING = "phone_failing"
    ASSISTANT_FAILING = "assistant_failing"
    CONCURRENCY_FULL = "concurrency_full"
    RATE_LIMITED = "rate_limited"
    DAILY_LIMIT_REACHED = "daily_limit_reached"
    NO_ELIGIBLE_ORDERS = "no_eligible_orders"
    HOPPER_RECOVERING = "hopper_recovering"
    QUEUE_RECOVERING = "queue_recovering"
    QUEUE_UNREACHABLE = "queue_unreachable"

    ORDER_NOT_DIALABLE = "order_not_dialable"
    ORDER_WAITING = "order_waiting"
    ORDER_IN_FLIGHT = "order_in_flight"
    ORDER_UNCERTAIN = "order_uncertain"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    RECIPIENT_HOURS_CLOSED = "recipient_hours_closed"
    RECIPIENT_ZONE_UNKNOWN = "recipient_zone_unknown"
    NUMBER_INVALID = "number_invalid"
    DO_NOT_CALL = "do_not_call"
    HOLIDAY = "holiday"
    RECENT_ATTEMPT = "recent_attempt"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason not to dial: its code, a sentence for a person, and the instant (UTC) at which it may end.

    `until` is None where only a change by a person or by the platform ends it.
    """

    code: Code
    detail: str
    until: datetime | None = None
