"""A call as the platform's own examples would have it."""

from typing import Any

from dispatcher.model.call import Call

DOCUMENT: dict[str, Any] = {
    "job": "0f1e2d3c",
    "attempt": 1,
    "campaignUuid": "campaign_12345",
    "campaignName": "Spring",
    "callOrderUuid": "order_9z8y",
    "recordUuid": None,
    "recordName": "Erika Mustermann",
    "phoneUuid": "9z8y7x6w-5v4u-3t2s-1r0q-9p8o7n6m5l4k",
    "assistantUuid": "assistant_1",
    "toPhoneNumber": "+4930901820",
    "fromPhoneNumber": "+16054440129",
    "provider": None,
    "instructions": None,
    "timezone": "Europe/Berlin",
    "queuedAt": "2026-11-02T09:00:00Z",
    "notAfter": "2026-11-02T17:00:00.250Z",
}

CALL = Call.from_document(DOCUMENT, "1-1")
