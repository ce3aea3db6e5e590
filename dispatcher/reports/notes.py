"""What somebody should look at in each campaign, judged by what the mirror holds."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
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


def read_sample(connection: Connection, campaigns: Iterable[str], settings: Settings) -> dict[str, Sampled]:
    """Read a sample of the numbers of each campaign; empty where no rule asks for them."""
    rules = settings.calling_rules.pack()
    if rules is None:
        return {}
    found = sample.numbers(connection, campaigns)
    return {campaign: Sampled(numbers, forbids(rules)) for campaign, numbers in found.items()}


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
