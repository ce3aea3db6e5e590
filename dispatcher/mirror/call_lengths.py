"""How long the newest calls of campaigns took, at a cost that does not grow with their histories."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import Connection, select, union_all

from dispatcher.mirror.attempts import OBSERVED, WORKER
from dispatcher.mirror.rows import chunks
from dispatcher.mirror.tables import attempts
from dispatcher.model.attempt import State

EACH = 200
"""So many attempts of a campaign, the newest, are looked at."""


def call_lengths(connection: Connection, campaigns: Iterable[str]) -> dict[str, list[timedelta]]:
    """Return how long each call among the newest attempts of each campaign took, from its beginning to its outcome.

    Only calls of which it is known when they began, by their dialer's word or because their document was seen to be
    gone. A campaign without such calls has none.
    """
    found: dict[str, list[timedelta]] = {}
    for some in chunks(campaigns):
        found |= {campaign: [] for campaign in some}
        newest = (
            select(attempts.c.campaign, attempts.c.state, attempts.c.begun_by, attempts.c.begun_at, attempts.c.ended_at)
            .where(attempts.c.campaign == campaign)
            # The order of the index, so that no more than these rows are read.
            .order_by(attempts.c.created_at.desc())
            .limit(EACH)
            .subquery()
            for campaign in some
        )
        for row in connection.execute(union_all(*(select(one) for one in newest))):
            if row.state == State.FINISHED and row.begun_by in {WORKER, OBSERVED}:
                found[row.campaign].append(max(timedelta(0), row.ended_at - row.begun_at))
    return found
