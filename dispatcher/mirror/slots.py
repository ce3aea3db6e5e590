"""What phones have to do and have done: the lean reads by which it is decided how many calls are released."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, literal_column, select

from dispatcher.mirror.occupancy import occupies
from dispatcher.mirror.rows import chunks
from dispatcher.mirror.tables import attempts, campaigns
from dispatcher.model.attempt import CALLED, State


@dataclass(frozen=True, slots=True)
class Taken:
    """A live attempt, as far as it takes up slots. `created_at` is UTC."""

    job: str
    phone: str
    campaign: str
    state: State
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that has ended: by which phone and assistant, when it was made and when it ended (UTC), and how."""

    phone: str
    assistant: str | None
    made_at: datetime
    ended_at: datetime
    outcome: str


def taken(connection: Connection, since: datetime) -> list[Taken]:
    """Return the attempts that take up a slot; see `occupancy.occupying`, of which this reads a few columns."""
    columns = (attempts.c.job, attempts.c.phone, attempts.c.campaign, attempts.c.state, attempts.c.created_at)
    found = connection.execute(select(*columns).where(*occupies(since)))
    return [Taken(job, phone, campaign, State(state), created_at) for job, phone, campaign, state, created_at in found]


def begun(connection: Connection, phones: Iterable[str], since: datetime) -> dict[str, list[datetime]]:
    """Return for each phone when the calls were, or perhaps were, begun that it placed after `since`, in order."""
    found: dict[str, list[datetime]] = {}
    for some in chunks(phones):
        statement = select(attempts.c.phone, attempts.c.begun_at).where(
            attempts.c.phone.in_(some),
            attempts.c.begun_at > since,
            # Spelled as in the index `attempts_begun`: SQLite does not see through parameters.
            literal_column("state").in_([literal_column(f"'{state.value}'") for state in CALLED]),
        )
        for phone, begun_at in connection.execute(statement):
            found.setdefault(phone, []).append(begun_at)
    return {phone: sorted(instants) for phone, instants in found.items()}


def ended(connection: Connection, made_since: datetime, since: datetime) -> list[Ended]:
    """Return the calls that ended after `since` and were made after `made_since`, in the order in which they ended."""
    statement = (
        select(attempts.c.phone, campaigns.c.assistant, attempts.c.created_at, attempts.c.ended_at, attempts.c.outcome)
        .select_from(attempts.outerjoin(campaigns, campaigns.c.uuid == attempts.c.campaign))
        .where(
            attempts.c.created_at > made_since,
            attempts.c.ended_at > since,
            attempts.c.state == State.FINISHED.value,
        )
        .order_by(attempts.c.ended_at)
    )
    return [Ended(*row) for row in connection.execute(statement)]
