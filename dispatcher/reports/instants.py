"""How the reports write instants."""

from datetime import UTC, datetime
from typing import overload


@overload
def iso(at: datetime) -> str: ...
@overload
def iso(at: None) -> None: ...
def iso(at: datetime | None) -> str | None:
    """Return an instant in ISO 8601 in UTC with `Z`; milliseconds only where there are any. None stays None."""
    if at is None:
        return None
    timespec = "milliseconds" if at.microsecond else "seconds"
    return at.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
