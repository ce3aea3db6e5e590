"""What somebody should look at in a campaign, each with its stable code: unlike a reason it forbids nothing."""

from dataclasses import dataclass
from enum import StrEnum


class NoteCode(StrEnum):
    """Codes of notes; tools rely on the values."""

    SCHEDULE_KEY_IGNORED = "schedule_key_ignored"
    WINDOW_SPANS_MIDNIGHT = "window_spans_midnight"
    WINDOW_OUTSIDE_LAWFUL_HOURS = "window_outside_lawful_hours"
    ZONE_NOT_OF_PHONE_COUNTRY = "zone_not_of_phone_country"
    NO_PHONE = "no_phone"
    NO_ASSISTANT = "no_assistant"


@dataclass(frozen=True, slots=True)
class Note:
    """One remark: its code, and a sentence for a person that says the same until the campaign itself changes."""

    code: NoteCode
    detail: str
