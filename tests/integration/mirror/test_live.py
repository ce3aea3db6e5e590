"""What takes up slots: found without reading the attempts of all time."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from dispatcher.mirror import attempts, occupancy
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import LOST, State
from tests.integration.mirror.things import HOUR, NOON, attempt_in

QUERIES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (attempts.live, ()),
    (attempts.live, ("phone_1",)),
    (attempts.live_phones, ()),
    (attempts.held_phones, ()),
    (occupancy.occupying, (NOON,)),
    (occupancy.occupancy, (NOON,)),
]


@pytest.mark.parametrize(("query", "arguments"), QUERIES)
def test_sqlite_finds_live_attempts_by_an_index_of_them_alone(
    connection: Connection, query: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    if connection.dialect.name != "sqlite":
        return  # PostgreSQL sees by itself that the conditions are the same
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        statements.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    query(connection, *arguments)
    event.remove(connection, "before_cursor_execute", note)
    [(statement, parameters)] = statements
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    used = " ".join(str(row) for row in plan)
    assert any(name in used for name in ("attempts_holding", "one_live_attempt_per_number", "one_attempt_holds")), plan


def test_what_redis_forgot_takes_up_a_slot_for_a_while_and_what_fell_silent_does_not(connection: Connection) -> None:
    for index, (job, why) in enumerate((("job_1", LOST), ("job_2", "silence"))):
        attempt_in(connection, State.DIALING, job, f"order_{index}", index)
        attempts.doubt(connection, [job], why, NOON)
    assert [one.job for one in occupancy.occupying(connection, NOON - HOUR)] == ["job_1"]
    assert [one.calls for one in occupancy.occupancy(connection, NOON - HOUR)] == [1]
    assert occupancy.occupying(connection, NOON) == []
    assert attempts.live(connection) == []
