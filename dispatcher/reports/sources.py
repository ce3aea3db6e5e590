"""Where the reports look."""

from dataclasses import dataclass

from dispatcher.hopper.watch import Watch
from dispatcher.mirror.database import Database
from dispatcher.settings import Settings


@dataclass(frozen=True, slots=True)
class Sources:
    """The settings that rule, the database, and Redis; `watch` is None where there is no Redis to ask."""

    settings: Settings
    database: Database
    watch: Watch | None
