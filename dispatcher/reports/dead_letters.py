"""Dead letters as JSON, and which of them a person means."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from dispatcher.mirror import dead_letters
from dispatcher.mirror.database import Connection
from dispatcher.mirror.dead_letters import Letter
from dispatcher.model.dead_letter import EXPLAINED, Reason
from dispatcher.reports.finding import find_past_campaign
from dispatcher.reports.instants import iso


def letters(
    connection: Connection, *, campaign: str | None = None, reason: Reason | None = None, limit: int | None = None
) -> dict[str, Any]:
    """Return the newest letters, of one campaign, for one reason; `total` and `by_reason` count all that there are."""
    counts = dead_letters.counts(connection)
    return {
        "total": sum(counts.values()),
        "by_reason": {one.value: number for one, number in counts.items()},
        "letters": [document(letter) for letter in find(connection, None, campaign, reason, limit)],
    }


def document(letter: Letter) -> dict[str, Any]:
    """Return a letter as JSON; `words` is what the worker reported, as it came."""
    return {
        "id": letter.id,
        "reason": letter.reason.value,
        "why": EXPLAINED[letter.reason],
        "at": iso(letter.at),
        "campaign": letter.campaign,
        "order": letter.order,
        "job": letter.job,
        "phone": letter.phone,
        "detail": letter.detail,
        "words": dict(letter.words),
    }


def find(
    connection: Connection,
    ids: Sequence[int] | None,
    campaign: str | None,
    reason: Reason | None,
    limit: int | None = None,
) -> list[Letter]:
    """Return letters, the newest first: of these ids (None: of any), of one campaign, for one reason.

    A campaign may be named as in `explain`; one that the platform has removed by its uuid. NotFoundError if there is
    none.
    """
    if campaign is not None:
        left = partial(dead_letters.listed, connection, campaign=campaign, limit=1)
        campaign = find_past_campaign(connection, campaign, left)
    return dead_letters.listed(connection, ids=ids, campaign=campaign, reason=reason, limit=limit)
