"""The sandbox's first data: the documents that the provider's reference shows, to the letter.

The ids that are no hexadecimal and the phone that does not exist are the reference's own. The assistants are ours,
since the reference shows none: they make the assistants of its campaigns exist.
"""

from dispatcher.sandbox.store import Document, Store

SUMMER: Document = {
    "uuid": "8f3a91b2-c4d5-4e6f-a8b9-c0d1e2f3a4b5",
    "name": "Summer Promotion 2026",
    "description": "Direct outreach for new property listings",
    "status": "active",
    "type": "outbound",
    "timezone": "Europe/London",
    "schedule": {
        "mon": {"start": "09:00", "end": "17:00"},
        "tue": {"start": "09:00", "end": "17:00"},
    },
    "recordTypeUuid": "7d4f10a2-b91c-4d5e-6f7a-8b9c0d1e2f3a",
    "outboundAssistantUuid": "1a2b3c4d-5e6f-4a8b-9c0d-1e2f3a4b5c6d",
    "inboundAssistantUuid": None,
    "outboundPhoneUuid": "9z8y7x6w-5v4u-3t2s-1r0q-9p8o7n6m5l4k",
    "inboundPhoneUuid": None,
    "createdAt": "2026-04-10T09:24:11Z",
    "updatedAt": "2026-04-22T13:58:02Z",
}

SUPPORT: Document = {
    "uuid": "1a2b3c4d-5e6f-4a8b-9c0d-1e2f3a4b5c6d",
    "name": "Customer Support Inbound",
    "description": "General support line handling",
    "status": "active",
    "type": "inbound",
    "timezone": "UTC",
    "schedule": None,
    "recordTypeUuid": None,
    "outboundAssistantUuid": None,
    "inboundAssistantUuid": "3c4d5e6f-1a2b-4a8b-9c0d-1e2f3a4b5c6d",
    "outboundPhoneUuid": None,
    "inboundPhoneUuid": "5v4u3t2s-9z8y-7x6w-1r0q-9p8o7n6m5l4k",
    "createdAt": "2026-03-15T10:00:00Z",
    "updatedAt": "2026-04-20T11:30:00Z",
}

OFFICE_LINE: Document = {
    "uuid": "9z8y7x6w-5v4u-3t2s-1r0q-9p8o7n6m5l4k",
    "name": "Main Office Line",
    "number": "+16054440129",
    "type": "private",
    "countryCode": "US",
    "provider": "vapi",
    "status": "active",
    "smsEnabled": False,
    "createdAt": "2026-01-10T12:00:00Z",
    "updatedAt": "2026-04-20T15:30:00Z",
}


def add_examples(store: Store) -> None:
    """Add the reference's campaigns and phone, in its order, and their assistants."""
    store.add_campaign(**SUMMER)
    store.add_campaign(**SUPPORT)
    store.add_phone(**OFFICE_LINE)
    store.add_assistant(uuid=SUMMER["outboundAssistantUuid"], name="Sales assistant")
    store.add_assistant(uuid=SUPPORT["inboundAssistantUuid"], name="Support assistant")
