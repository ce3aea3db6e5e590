"""Attempts as they are looked back on: by people, by reports, and before a person is called again."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, literal_column, select

from dispatcher.mirror.attempts import Attempt, attempt_of
from dispatcher.mirror.rows import chunks
from dispatcher.mirror.tables import attempts
from dispatcher.mirror.types import Instant
from dispatcher.model.attempt import CALLED, State
from dispatcher.rules.spacing import Call

MOST_JOBS = 1000
"""What a listing of attempts shows at most."""

_AFTER_HEX = "g"
"""Sorts after every job that goes on: jobs are hexadecimal."""


def listed(
    connection: Connection,
    *,
    states: Collection[State] = (),
    campaign: str | None = None,
    order: str | None = None,
    limit: int = MOST_JOBS,
) -> list[Attempt]:
    """Return attempts, newest first."""
    statement = select(attempts).order_by(attempts.c.created_at.desc(), attempts.c.job).limit(limit)
    if states:
        statement = statement.where(attempts.c.state.in_([state.value for state in states]))
    if campaign is not None:
        statement = statement.where(attempts.c.campaign == campaign)
    if order is not None:
        statement = statement.where(attempts.c.order == order)
    return [attempt_of(row) for row in connection.execute(statement)]


def orders_starting(connection: Connection, text: str) -> list[str]:
    """Return the orders with attempts whose uuid starts with a text, two at most."""
    # Not a range: ids are opaque, and a database's collation need not order them as bytes.
    same = func.substr(attempts.c.order, 1, len(text)) == text
    return list(connection.execute(select(attempts.c.order).where(same).distinct().limit(2)).scalars())


def starting(connection: Connection, text: str) -> list[Attempt]:
    """Return the attempts whose job starts with a text, two at most: enough to tell one from several."""
    # A range, not a pattern: it needs no escaping, and the primary key serves.
    statement = select(attempts).where(attempts.c.job >= text, attempts.c.job < text + _AFTER_HEX).limit(2)
    return [attempt_of(row) for row in connection.execute(statement)]


def calls(connection: Connection, numbers: Iterable[str], since: datetime) -> dict[str, list[Call]]:
    """Return by number the calls that were, or perhaps were, begun after `since`, of every campaign.

    One statement for as many numbers as a batch has. A number that was not called is left out.
    """
    found: dict[str, list[Call]] = {}
    for some in chunks(numbers):
        for row in connection.execute(_CALLS, {"numbers": list(some), "after": since}):
            found.setdefault(row.number, []).append(Call(row.order, row.begun_at))
    return found


def counts(connection: Connection) -> dict[State, int]:
    """Return how many attempts are in each state."""
    found = dict.fromkeys(State, 0)
    for state, number in connection.execute(select(attempts.c.state, func.count()).group_by(attempts.c.state)):
        found[State(state)] = number
    return found


def outcomes(connection: Connection) -> dict[str, int]:
    """Return how many attempts ended with each outcome."""
    statement = (
        select(attempts.c.outcome, func.count()).where(attempts.c.outcome.is_not(None)).group_by(attempts.c.outcome)
    )
    return {outcome: number for outcome, number in connection.execute(statement)}  # noqa: C416 (a Row is no pair to mypy)


# Made once: to make it takes longer than to run it.
_CALLS = select(attempts.c.number, attempts.c.order, attempts.c.begun_at).where(
    attempts.c.number.in_(bindparam("numbers", expanding=True)),
    attempts.c.begun_at > bindparam("after", type_=Instant),
    # Spelled as in the index `attempts_called`: SQLite does not see through parameters.
    literal_column("state").in_([literal_column(f"'{state.value}'") for state in CALLED]),
)
