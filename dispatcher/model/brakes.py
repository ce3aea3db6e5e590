"""The operator's own brakes: what is stopped by hand, until it is let go by hand."""

from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """What a brake stops."""

    CAMPAIGN = "campaign"
    PHONE = "phone"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Brakes:
    """The brakes that are on: the operator's reason for each thing that is stopped."""

    everything: str | None = None
    campaigns: dict[str, str] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
