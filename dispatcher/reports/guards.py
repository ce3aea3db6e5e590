"""How long before closing the last call of each campaign may begin, as the settings and its own calls have it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from dispatcher.mirror.call_lengths import call_lengths
from dispatcher.mirror.database import Connection
from dispatcher.rules.last_call import P95, Guard, guard
from dispatcher.settings import Settings

_KEPT = timedelta(minutes=5)


class Guards:
    """The guards of campaigns; what tells of its own calls is kept for a while, since it changes slowly."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[datetime, Guard]] = {}

    def read(
        self, connection: Connection, campaigns: Iterable[str], settings: Settings, at: datetime
    ) -> Mapping[str, Guard]:
        """Return the guard of each campaign."""
        before = settings.schedule.last_call_before_close
        asked = list(campaigns)
        if before != P95:
            return dict.fromkeys(asked, guard(before, ()))
        kept = {
            uuid: self._kept[uuid] for uuid in asked if uuid in self._kept and abs(at - self._kept[uuid][0]) < _KEPT
        }
        lengths = call_lengths(connection, [uuid for uuid in asked if uuid not in kept])
        self._kept = kept | {uuid: (at, guard(before, found)) for uuid, found in lengths.items()}
        return {uuid: found for uuid, (_, found) in self._kept.items()}


def last_call(found: Guard) -> dict[str, Any]:
    """Return a guard as JSON: the time before closing in which no call begins, and what it is so by."""
    return {"before_close_s": found.length.total_seconds(), "by": found.by}


def read_guard(connection: Connection, campaign: str, settings: Settings, at: datetime) -> Guard:
    """Return the guard of one campaign as it is now."""
    return Guards().read(connection, [campaign], settings, at)[campaign]
