"""The call document: what a dialer worker gets when it takes a call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One call to place, in the names of the platform's API.

    Times are ISO 8601 in UTC with `Z`. `instructions` is free text for the assistant. `document` is the whole document
    as it came, so that a field that a newer dispatcher adds can be read at once. `entry` is the id of the call's entry
    in its phone's stream, by which its outcome is reported.
    """

    job: str
    attempt: int
    campaign_uuid: str
    campaign_name: str
    call_order_uuid: str
    record_uuid: str | None
    record_name: str | None
    phone_uuid: str
    assistant_uuid: str
    to_phone_number: str
    from_phone_number: str
    provider: str | None
    instructions: str | None
    timezone: str
    queued_at: str
    not_after: str
    document: Mapping[str, Any]
    entry: str

    @classmethod
    def from_document(cls, document: Mapping[str, Any], entry: str) -> "Call":
        """Read a call document; KeyError names a field that is missing, ValueError one that holds something else."""
        values = {field: document[name] for field, name in NAMES.items()}
        for field, value in values.items():
            kind = int if field == "attempt" else str
            if not (isinstance(value, kind) and value is not True) and not (value is None and field in _OPTIONAL):
                raise ValueError(f"{NAMES[field]} holds no {'number' if kind is int else 'text'}")
        return cls(**values, document=document, entry=entry)


_OPTIONAL = frozenset({"record_uuid", "record_name", "provider", "instructions"})
"""What the platform may leave out."""


NAMES = {
    "job": "job",
    "attempt": "attempt",
    "campaign_uuid": "campaignUuid",
    "campaign_name": "campaignName",
    "call_order_uuid": "callOrderUuid",
    "record_uuid": "recordUuid",
    "record_name": "recordName",
    "phone_uuid": "phoneUuid",
    "assistant_uuid": "assistantUuid",
    "to_phone_number": "toPhoneNumber",
    "from_phone_number": "fromPhoneNumber",
    "provider": "provider",
    "instructions": "instructions",
    "timezone": "timezone",
    "queued_at": "queuedAt",
    "not_after": "notAfter",
}
"""The document's field for each attribute of `Call`."""
