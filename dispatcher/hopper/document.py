"""The call document: what a worker gets that takes a call, as `call.schema.json` describes it."""

from datetime import UTC, datetime

import orjson

from dispatcher.model.campaign import Phone
from dispatcher.model.order import Order
from dispatcher.rules.plan import Plan


def document(
    *,
    job: str,
    attempt: int,
    plan: Plan,
    phone: Phone,
    order: Order,
    number: str,
    queued_at: datetime,
    not_after: datetime,
) -> bytes:
    """Return the document of one call; `number` is E.164, `attempt` counts from 1."""
    campaign = plan.campaign
    return orjson.dumps(
        {
            "job": job,
            "attempt": attempt,
            "campaignUuid": campaign.uuid,
            "campaignName": campaign.name,
            "callOrderUuid": order.uuid,
            "recordUuid": order.record,
            "recordName": order.record_name,
            "phoneUuid": phone.uuid,
            "assistantUuid": campaign.assistant,
            "toPhoneNumber": number,
            "fromPhoneNumber": phone.number,
            "provider": phone.provider,
            "instructions": order.instructions,
            "timezone": campaign.timezone,
            "queuedAt": iso(queued_at),
            "notAfter": iso(not_after),
        }
    )


def iso(at: datetime) -> str:
    """Return an instant in ISO 8601 with milliseconds and `Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
