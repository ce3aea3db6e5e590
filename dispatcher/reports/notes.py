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
    alike: dict[tuple[object, ...], tuple[Note, ...]] = {}
    noted = {}
    for plan in plans:
        uuid = plan.campaign.uuid
        if uuid in sampled:
            found = lint(plan, at, sampled[uuid])
        else:
            # Thousands differ in nothing that is looked at; their schedules and phones are the same objects then.
            looked_at = (id(plan.campaign.schedule), plan.zone, id(plan.phone), plan.campaign.type, id(plan.standing))
            known = alike.get(looked_at)
            found = alike[looked_at] = lint(plan, at) if known is None else known
        if found:
            noted[uuid] = found
    return noted


def counted(notes: Notes) -> Counter[str]:
    """Return on how many campaigns there is a note of each code."""
    return Counter(code for found in notes.values() for code in {note.code.value for note in found})


def documents(notes: Sequence[Note]) -> list[dict[str, Any]]:
    """Return notes as JSON."""
    return [asdict(note) | {"code": note.code.value} for note in notes]
