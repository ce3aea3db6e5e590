"""Dead letters that are tried again or taken away, one or many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dispatcher.mirror import dead_letters
from dispatcher.mirror.database import Database
from dispatcher.model.dead_letter import Reason
from dispatcher.reports.dead_letters import find

UNKNOWN = "there is no such dead letter"

_AT_ONCE = 1000
"""Letters in one transaction: a daemon on SQLite waits that long for its turn."""


@dataclass(frozen=True, slots=True)
class Meant:
    """Which letters: those of these ids (None: any), of a campaign as in `explain`, for a reason."""

    ids: Sequence[int] | None = None
    campaign: str | None = None
    reason: Reason | None = None


def retry(database: Database, meant: Meant) -> dict[str, Any]:
    """Open the orders of letters again; reports, which are no orders, are passed over unless they are named."""
    letters = database.run(find, meant.ids, meant.campaign, meant.reason)
    refused = _unknown(meant, {letter.id for letter in letters})
    if meant.ids is None:
        letters = [letter for letter in letters if letter.order is not None]
    reopened = len(letters)
    for start in range(0, len(letters), _AT_ONCE):
        left = database.run_write(dead_letters.retry, letters[start : start + _AT_ONCE])
        reopened -= len(left)
        refused |= left
    return {"retried": {"reopened": reopened, "refused": _listed(refused)}}


def drop(database: Database, meant: Meant) -> dict[str, Any]:
    """Take letters away; their orders stay closed."""
    found = [letter.id for letter in database.run(find, meant.ids, meant.campaign, meant.reason)]
    dropped = database.run_write(dead_letters.drop, found)
    return {"dropped": {"letters": dropped, "refused": _listed(_unknown(meant, set(found)))}}


def _unknown(meant: Meant, found: set[int]) -> dict[int, str]:
    return dict.fromkeys(set(meant.ids or ()) - found, UNKNOWN)


def _listed(refused: dict[int, str]) -> list[dict[str, Any]]:
    return [{"id": id_, "why": why} for id_, why in sorted(refused.items())]
