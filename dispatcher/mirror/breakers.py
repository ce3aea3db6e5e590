"""The pauses of phones and assistants whose calls fail: they outlive the dispatcher that began them."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from dispatcher.mirror.rows import insert
from dispatcher.mirror.tables import breakers
from dispatcher.rules.breaker import Pause, Scope


def load(connection: Connection) -> dict[tuple[Scope, str], Pause]:
    """Return every pause, over or not."""
    return {
        (Scope(row.scope), row.target): Pause(row.since, row.until, row.times, row.failed, row.calls)
        for row in connection.execute(select(breakers))
    }


def put(connection: Connection, pauses: Mapping[tuple[Scope, str], Pause]) -> None:
    """Write down pauses that began, were prolonged or ended."""
    for (scope, target), pause in pauses.items():
        values = {
            "since": pause.since,
            "until": pause.until,
            "times": pause.times,
            "failed": pause.failed,
            "calls": pause.calls,
        }
        connection.execute(
            insert(connection, breakers)
            .values(scope=scope.value, target=target, **values)
            .on_conflict_do_update(index_elements=["scope", "target"], set_=values)
        )


def forget(connection: Connection) -> None:
    """Forget every pause: nobody is to be paused any more."""
    connection.execute(delete(breakers))
