"""Some of the numbers that campaigns are to call, with the rules by which each may be called or not."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from dispatcher.mirror import sample
from dispatcher.mirror.database import Connection
from dispatcher.rules.lint import Sampled
from dispatcher.rules.recipient import forbids
from dispatcher.settings import Settings

_KEPT = timedelta(minutes=10)


class Samples:
    """Samples of the numbers of all campaigns, each kept for a while: reports ask often, and lists change slowly."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[datetime, tuple[str, ...]]] = {}

    def read(
        self, connection: Connection, campaigns: Iterable[str], settings: Settings, at: datetime
    ) -> dict[str, Sampled]:
        """Read a sample of each campaign that has orders waiting; none where no rule asks for them."""
        asked = list(campaigns)
        rules = settings.calling_rules.pack() if asked else None
        if rules is None:
            return {}
        kept = {
            uuid: self._kept[uuid] for uuid in asked if uuid in self._kept and abs(at - self._kept[uuid][0]) < _KEPT
        }
        found = sample.numbers(connection, [uuid for uuid in asked if uuid not in kept])
        self._kept = kept | {uuid: (at, tuple(numbers)) for uuid, numbers in found.items()}
        return {uuid: Sampled(numbers, forbids(rules)) for uuid, (_, numbers) in self._kept.items()}


def read_sample(connection: Connection, campaign: str, settings: Settings, at: datetime) -> Sampled | None:
    """Read a sample of the numbers of one campaign as it is now; None if it has none or no rule asks for them."""
    return Samples().read(connection, [campaign], settings, at).get(campaign)
