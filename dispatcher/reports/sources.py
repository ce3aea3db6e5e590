"""Where the reports look."""

from dataclasses import dataclass, field

from dispatcher.hopper.watch import Watch
from dispatcher.mirror.database import Database
from dispatcher.reports.guards import Guards
from dispatcher.reports.samples import Samples
from dispatcher.settings import Settings


@dataclass(frozen=True, slots=True)
class Sources:
    """The settings that rule, the database, and Redis; `watch` is None where there is no Redis to ask.

    `samples` and `guards` are kept from one question to the next by whoever asks often.
    """

    settings: Settings
    database: Database
    watch: Watch | None
    samples: Samples = field(default_factory=Samples)
    guards: Guards = field(default_factory=Guards)
