"""What somebody should look at in each campaign, and how it is written."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from dispatcher.model.note import Note
from dispatcher.rules.lint import Sampled, lint
from dispatcher.rules.plan import Plan

Notes = Mapping[str, tuple[Note, ...]]
"""The notes on each campaign that there are any on, by its uuid."""


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
