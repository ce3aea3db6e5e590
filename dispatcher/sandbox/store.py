"""The sandbox's data: the platform's own JSON documents, kept in memory in the order in which they were added.

Nothing is checked here, so that a test can hold what the platform never should: the routes check what comes by HTTP.
Instants come in as arguments and stand in documents as ISO 8601 in UTC with `Z`, to the second, as in the reference.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import uuid4

Document: TypeAlias = dict[str, Any]

ADDED = "2026-01-01T00:00:00Z"
"""`createdAt` and `updatedAt` of what is added without them."""


def stamp(instant: datetime) -> str:
    """Write an aware instant as the platform does."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Store:
    """Campaigns, phones, assistants and orders by uuid; `orders` by campaign first.

    Fields have the API's own names. Those that are left out get the values below; those that the platform does not
    know are kept. A second document of the same uuid takes the place of the first.
    """

    def __init__(self) -> None:
        self.campaigns: dict[str, Document] = {}
        self.phones: dict[str, Document] = {}
        self.assistants: dict[str, Document] = {}
        self.orders: dict[str, dict[str, Document]] = {}

    def add_campaign(self, **fields: Any) -> Document:
        """Add a campaign, by default a draft with nothing set; return its document."""
        document = {
            "uuid": str(uuid4()),
            "name": "Campaign",
            "description": None,
            "status": "draft",
            "type": "outbound",
            "timezone": None,
            "schedule": None,
            "recordTypeUuid": None,
            "outboundAssistantUuid": None,
            "inboundAssistantUuid": None,
            "outboundPhoneUuid": None,
            "inboundPhoneUuid": None,
            "createdAt": ADDED,
            "updatedAt": ADDED,
        } | fields
        self.campaigns[document["uuid"]] = document
        self.orders.setdefault(document["uuid"], {})
        return document

    def update_campaign(self, uuid: str, changes: Mapping[str, Any], now: datetime) -> Document:
        """Change fields of a campaign; KeyError if there is none."""
        return _update(self.campaigns[uuid], changes, now)

    def delete_campaign(self, uuid: str) -> None:
        """Delete a campaign with its orders; KeyError if there is none."""
        del self.campaigns[uuid]
        self.orders.pop(uuid, None)

    def add_phone(self, **fields: Any) -> Document:
        """Add a phone, by default private and active; return its document."""
        document = {
            "uuid": str(uuid4()),
            "name": None,
            "number": "+16054440129",
            "type": "private",
            "countryCode": None,
            "provider": None,
            "status": "active",
            "smsEnabled": False,
            "createdAt": ADDED,
            "updatedAt": ADDED,
        } | fields
        self.phones[document["uuid"]] = document
        return document

    def update_phone(self, uuid: str, changes: Mapping[str, Any], now: datetime) -> Document:
        """Change fields of a phone; KeyError if there is none."""
        return _update(self.phones[uuid], changes, now)

    def delete_phone(self, uuid: str, now: datetime) -> None:
        """Delete a phone and unassign it from every campaign; KeyError if there is none.

        The reference speaks of active campaigns; the others would be left with a phone that does not exist.
        """
        del self.phones[uuid]
        for campaign in self.campaigns.values():
            held = [key for key in ("outboundPhoneUuid", "inboundPhoneUuid") if campaign.get(key) == uuid]
            if held:
                _update(campaign, dict.fromkeys(held), now)

    def add_assistant(self, **fields: Any) -> Document:
        """Add an assistant; return its document."""
        document = {
            "uuid": str(uuid4()),
            "name": "Assistant",
            "model": None,
            "prompt": None,
            "voice": None,
            "firstMessage": None,
        } | fields
        self.assistants[document["uuid"]] = document
        return document

    def add_order(self, campaign: str, phone_number: str | None = None, **fields: Any) -> Document:
        """Add an order, by default planned, for a record with this number; return its document.

        `record` in `fields` takes the place of the record that is made. KeyError if there is no such campaign.
        """
        orders = self.orders[campaign]
        document = {
            "uuid": f"order_{uuid4()}",
            "campaignUuid": campaign,
            "status": "planned",
            "scheduledTime": None,
            "scheduledTimeTimezone": None,
            "scheduledDurationSeconds": None,
            "price": None,
            "currencyCode": None,
            "instructions": None,
            "record": {"uuid": str(uuid4()), "name": None, "phoneNumber": phone_number},
        } | fields
        orders[document["uuid"]] = document
        return document

    def add_orders(self, campaign: str, phone_numbers: Iterable[str], **fields: Any) -> list[Document]:
        """Add an order for each number, all with the same other fields; return their documents."""
        return [self.add_order(campaign, number, **fields) for number in phone_numbers]


def _update(document: Document, changes: Mapping[str, Any], now: datetime) -> Document:
    document.update(changes)
    document["updatedAt"] = stamp(now)
    return document
