"""The bodies that the sandbox accepts: the reference's fields and words, each fault named by its field.

Decided here, where the reference is silent or at odds with itself:

- campaign statuses are the reference's draft, active, closed for a new one; an update and the list's filter know the
  union with paused, completed, archived, which only the filter's page has, or nobody could try a pause;
- order statuses are the union of the table of meanings and of the list's filter;
- a field that no page knows is refused, so that a slip of the pen shows at once;
- an optional field may be null, as in the reference's own documents;
- ids are opaque and need not exist; a time zone is any text, for the dialer to refuse;
- a day of a schedule may be a list of windows, and a window may end at 24:00 or on the next day.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Discriminator, Field, PlainSerializer, Tag
from pydantic.alias_generators import to_camel

from dispatcher.sandbox.store import stamp

NewCampaignWord = Literal["draft", "active", "closed"]
CampaignWord = Literal["draft", "active", "closed", "paused", "completed", "archived"]
CampaignType = Literal["inbound", "outbound"]
PhoneWord = Literal["registered", "pending", "active", "inactive"]
PhoneType = Literal["private", "shared", "ordered"]
OrderWord = Literal[
    "registered",
    "planned",
    "scheduled",
    "calling",
    "busy",
    "no-answer",
    "contacted",
    "completed",
    "failed",
    "canceled",
    "do not call",
]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Text = Annotated[str, Field(min_length=1)]
Number = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
"""E.164: a plus, then the country code and the number, 15 digits at most."""


def _utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("The instant lies outside the years 1 to 9999 in UTC") from None


Instant = Annotated[AwareDatetime, AfterValidator(_utc), PlainSerializer(stamp)]
"""ISO 8601 with an offset; kept and shown in UTC."""


class Body(BaseModel):
    """A JSON body; fields have the API's names outside and Python's inside."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)

    @classmethod
    def fields_of(cls, raw: bytes) -> dict[str, Any]:
        """Return the fields that a body gives, by the API's names; a ValidationError names each bad one."""
        return cls.model_validate_json(raw).model_dump(mode="json", by_alias=True, exclude_unset=True)


class Window(Body):
    """The open hours of a day, on the clock of the campaign's zone."""

    start: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    end: str = Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")


def _form(day: object) -> str:
    return MANY if isinstance(day, list) else ONE


ONE, MANY = "[one]", "[many]"
"""Marks of a day's form; in brackets, so that they can be left out of the name of a bad field."""

Hours = Annotated[
    Annotated[Window, Tag(ONE)] | Annotated[list[Window], Tag(MANY)],
    Discriminator(_form),
]


class CampaignChanges(Body):
    """The body of PATCH of a campaign; the defaults of what cannot be null are never used."""

    name: Text = ""
    description: str | None = None
    status: CampaignWord = "draft"
    type: CampaignType = "outbound"
    timezone: str | None = None
    schedule: dict[Day, Hours] | None = None
    record_type_uuid: Text | None = None
    outbound_assistant_uuid: Text | None = None
    inbound_assistant_uuid: Text | None = None
    outbound_phone_uuid: Text | None = None
    inbound_phone_uuid: Text | None = None


class NewCampaign(CampaignChanges):
    """The body of POST of a campaign."""

    name: Text
    status: NewCampaignWord
    type: CampaignType


class NewPhone(Body):
    """The body of POST of a phone; `referenceId` is accepted, but no documented answer shows it."""

    number: Number
    name: str | None = None
    country_code: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    provider: str | None = None
    reference_id: Annotated[str | None, Field(exclude=True)] = None
    type: PhoneType = "private"


class PhoneChanges(Body):
    """The body of PATCH of a phone; the defaults of what cannot be null are never used."""

    name: str | None = None
    status: PhoneWord = "active"
    type: PhoneType = "private"


class OrderChanges(Body):
    """The body of PATCH of an order, which no page documents: what a user of the studio could change."""

    status: OrderWord = "planned"
    scheduled_time: Instant | None = None
    scheduled_time_timezone: str | None = None
    scheduled_duration_seconds: Annotated[int, Field(ge=1)] | None = None
    instructions: str | None = None


class NewRecord(Body):
    """The person of a new order. Only its name and number show in the order."""

    phone_number: Number
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    parameters: Mapping[str, Any] | None = None


class NewOrder(OrderChanges):
    """The body of POST of an order; the fields of `OrderChanges` are accepted at once."""

    status: OrderWord
    record: NewRecord
