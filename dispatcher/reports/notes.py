"""What somebody should look at in each campaign, judged by what the mirror holds."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from dispatcher.mirror import sample
from dispatcher.mirror.database import Connection
from dispatcher.model.note import Note
from dispatcher.rules.lint import Sampled, lint
from dispatcher.rules.plan import Plan
from dispatcher.rules.recipient import forbids
from dispatcher.settings import Settings

Notes = Mapping[str, tuple[Note, ...]]
"""The notes on each campaign that there are any on, by its uuid."""


_KEPT = timedelta(minutes=10)


class Samples:
    """Samples of the numbers of all campaigns, each kept for a while: reports ask often, and lists change slowly."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[datetime, tuple[str, ...]]] = {}

    def read(
        self, connection: Connection, campaigns: Iterable[str], settings: Settings, at: datetime
    ) -> dict[str, Sampled]:
        """Read a sample of each campaign that has orders waiting; none where no rule asks for them."""
        rules = settings.calling_rules.pack()
        if rules is None:
            return {}
        asked = list(campaigns)
        kept = {
            uuid: self._kept[uuid] for uuid in asked if uuid in self._kept and abs(at - self._kept[uuid][0]) < _KEPT
        }
        found = sample.numbers(connection, [uuid for uuid in asked if uuid not in kept])
        self._kept = kept | {uuid: (at, tuple(numbers)) for uuid, numbers in found.items()}
        return {uuid: Sampled(numbers, forbids(rules)) for uuid, (_, numbers) in self._kept.items()}


def read_sample(connection: Connection, campaign: str, settings: Settings, at: datetime) -> Sampled | None:
    """Read a sample of the numbers of one campaign as it is now; None if it has none or no rule asks for them."""
    return Samples().read(connection, [campaign], settings, at).get(campaign)


def review(plans: Iterable[Plan], sampled: Mapping[str, Sampled], at: datetime) -> Notes:
    """Return the notes on plans."""
    judged = ((plan.campaign.uuid, lint(plan, at, sampled.get(plan.campaign.uuid))) for plan in plans)
    return {uuid: found for uuid, found in judged if found}


def counted(notes: Notes) -> Counter[str]:
    """Return on how many campaigns there is a note of each code."""
    return Counter(code for found in notes.values() for code in {note.code.value for note in found})


def documents(notes: Sequence[Note]) -> list[dict[str, Any]]:
    """Return notes as JSON."""
    return [asdict(note) | {"code": note.code.value} for note in notes]
