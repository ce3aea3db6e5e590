"""A campaign and a phone, as the platform describes them.

There may be a hundred thousand campaigns: no class is made faster that cannot be changed.
"""

from enum import StrEnum
from typing import Any, NamedTuple


class CampaignStatus(StrEnum):
    """The campaign statuses that decide something here; every other word, known or not, is not dialled."""

    ACTIVE = "active"


class CampaignType(StrEnum):
    """The campaign types that decide something here."""

    OUTBOUND = "outbound"


class PhoneStatus(StrEnum):
    """The phone statuses that decide something here; only an active phone is dialled from."""

    ACTIVE = "active"


class Campaign(NamedTuple):
    """What dialling needs to know of one campaign.

    Ids are opaque strings. `status` and `type` are the platform's words, trimmed and in lower case. `schedule` is the
    platform's JSON as it came: `rules.schedule` gives it its meaning. `fault` says why a malformed document blocks the
    campaign (reason `campaign_invalid`); the rest of it holds what could be read. `listed` is False while the
    platform's list lacks it and its removal is not believed.
    """

    uuid: str
    name: str
    status: str
    type: str
    timezone: str | None
    schedule: Any
    phone: str | None
    assistant: str | None
    fault: str | None = None
    listed: bool = True


class Phone(NamedTuple):
    """What dialling needs to know of one outbound phone.

    `number` is in E.164 as the platform gives it, `listed` as with campaigns.
    """

    uuid: str
    name: str
    number: str
    country: str | None
    provider: str | None
    status: str
    fault: str | None = None
    listed: bool = True
