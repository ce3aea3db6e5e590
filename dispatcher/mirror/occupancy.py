"""What takes up the slots of phones and campaigns."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from dispatcher.mirror.attempts import Attempt, attempt_of
from dispatcher.mirror.states import is_holding, is_live
from dispatcher.mirror.tables import attempts
from dispatcher.model.attempt import LOST, State


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How many live attempts a campaign has on a phone in one state, and since when the oldest of them (UTC)."""

    campaign: str
    phone: str
    state: State
    calls: int
    since: datetime


def occupying(connection: Connection, since: datetime) -> list[Attempt]:
    """Return the attempts that take up a slot: the live ones, and those that Redis has forgotten after `since`.

    That Redis forgets ends no call: one that was begun may be on the line still.
    """
    return [attempt_of(row) for row in connection.execute(select(attempts).where(*occupies(since)))]


def occupancy(connection: Connection, since: datetime) -> list[Occupancy]:
    """Return what takes up slots, by campaign, phone and state; see `occupying`."""
    grouped: dict[tuple[str, str, State], list[datetime]] = {}
    # Grouped here: SQLite would rather read all that ever were, in order, than group the few that are live.
    for one in occupying(connection, since):
        grouped.setdefault((one.campaign, one.phone, one.state), []).append(one.created_at)
    return [Occupancy(*key, len(created), min(created)) for key, created in grouped.items()]


def occupies(since: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of `occupying`."""
    lost = and_(attempts.c.state == State.UNCERTAIN.value, attempts.c.why == LOST, attempts.c.ended_at > since)
    return is_holding(attempts), or_(is_live(attempts), lost)
