"""The sets of states that have an index of their own.

They are spelled as in those indexes, value by value: SQLite sees neither through parameters nor through another order,
and would read every attempt that was ever made instead of the few that are live.
"""

from sqlalchemy import ColumnElement, FromClause, literal_column

from dispatcher.model.attempt import State

_LIVE = (State.INTENT, State.QUEUED, State.DIALING)


def is_live(attempts: FromClause) -> ColumnElement[bool]:
    """Return the condition that an attempt takes up a slot."""
    return _among(attempts, _LIVE)


def is_holding(attempts: FromClause) -> ColumnElement[bool]:
    """Return the condition that an attempt keeps its order from being dialled again."""
    return _among(attempts, (*_LIVE, State.UNCERTAIN))


def _among(attempts: FromClause, states: tuple[State, ...]) -> ColumnElement[bool]:
    return attempts.c.state.in_([literal_column(f"'{state.value}'") for state in states])
