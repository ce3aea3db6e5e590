import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from dispatcher.mirror import attempts, history, orders, record, tables
from dispatcher.mirror.attempts import Intent
from dispatcher.mirror.database import Database
from dispatcher.model.attempt import HOLDING, LIVE, State
from tests.integration.mirror.things import HOUR, NOON, attempt_in, intent, number, put_order


def live_job(connection: Connection, order: str) -> str | None:
    found: str | None = connection.execute(
        tables.orders.select().with_only_columns(tables.orders.c.live_job).where(tables.orders.c.uuid == order)
    ).scalar_one()
    return found


def test_an_intent_holds_its_order(connection: Connection) -> None:
    put_order(connection, "order_1")
    assert attempts.intend(connection, [intent("job_1")], NOON) == {"job_1"}
    (made,) = attempts.live(connection)
    assert (made.job, made.order, made.state, made.created_at) == ("job_1", "order_1", State.INTENT, NOON)
    assert (made.number, made.ordinal, made.not_after, made.entry) == (number(1), 1, NOON + HOUR, None)
    assert live_job(connection, "order_1") == "job_1"


def test_a_second_intent_of_one_order_is_not_made(connection: Connection) -> None:
    put_order(connection, "order_1")
    made = attempts.intend(connection, [intent("job_1"), intent("job_2")], NOON)
    assert made == {"job_1"}
    assert live_job(connection, "order_1") == "job_1"


def test_a_second_intent_for_one_number_is_not_made_and_its_order_stays_free(connection: Connection) -> None:
    put_order(connection, "order_1")
    put_order(connection, "order_2", campaign="campaign_2")
    made = attempts.intend(connection, [intent("job_1"), intent("job_2", "order_2")], NOON)
    assert made == {"job_1"}
    assert live_job(connection, "order_2") is None


@pytest.mark.parametrize(
    "changes",
    [{"dialable": False}, {"status": "unheard of", "dialable": False}],
)
def test_an_order_that_may_not_be_dialled_gets_no_intent(connection: Connection, changes: dict[str, Any]) -> None:
    put_order(connection, "order_1", **changes)
    assert attempts.intend(connection, [intent("job_1")], NOON) == set()


def test_an_order_that_nobody_knows_gets_no_intent(connection: Connection) -> None:
    assert attempts.intend(connection, [intent("job_1")], NOON) == set()
    assert attempts.live(connection) == []


@pytest.mark.parametrize("state", list(State))
def test_the_indexes_refuse_a_second_attempt_that_holds_an_order(connection: Connection, state: State) -> None:
    attempt_in(connection, state)
    if state in HOLDING:
        with pytest.raises(IntegrityError), connection.begin_nested():
            _insert(connection, "job_2", "order_1", 2)
    else:
        _insert(connection, "job_2", "order_1", 2)


@pytest.mark.parametrize("state", list(State))
def test_the_indexes_refuse_a_second_live_attempt_of_a_number(connection: Connection, state: State) -> None:
    attempt_in(connection, state)
    if state in LIVE:
        with pytest.raises(IntegrityError), connection.begin_nested():
            _insert(connection, "job_2", "order_2", 1)
    else:
        _insert(connection, "job_2", "order_2", 1)


def _insert(connection: Connection, job: str, order: str, index: int) -> None:
    connection.execute(
        insert(tables.attempts).values(
            job=job,
            order=order,
            campaign="campaign_1",
            phone="phone_1",
            number=number(index),
            ordinal=1,
            state="intent",
            basis="b",
            not_after=NOON,
            created_at=NOON,
        )
    )


def race(
    postgres: Callable[[], Database], mine: Sequence[Intent], others: Sequence[Intent]
) -> tuple[set[str], set[str]]:
    """Let two transactions write intents, the second one begun while the first is not yet committed."""
    first, second = postgres(), postgres()
    theirs: list[set[str]] = []
    thread = threading.Thread(
        target=lambda: theirs.append(second.run_write(attempts.intend, others, NOON)), daemon=True
    )
    with first.connect(write=True) as connection:
        made = attempts.intend(connection, mine, NOON)
        thread.start()
        # The second one has to wait for the first, whose row it wants.
        thread.join(timeout=0.3)
        assert thread.is_alive()
    thread.join(timeout=60)
    return made, theirs[0]


def test_of_two_transactions_one_gets_the_order(postgres: Callable[[], Database]) -> None:
    postgres().run_write(put_order, "order_1")
    assert race(postgres, [intent("job_1")], [intent("job_2")]) == ({"job_1"}, set())
    assert [one.job for one in postgres().run(attempts.live)] == ["job_1"]


def test_of_two_transactions_one_gets_the_number(postgres: Callable[[], Database]) -> None:
    database = postgres()
    database.run_write(put_order, "order_1")
    database.run_write(put_order, "order_2")
    assert race(postgres, [intent("job_1")], [intent("job_2", "order_2")]) == ({"job_1"}, set())
    assert database.run(live_job, "order_2") is None


@pytest.mark.parametrize("begun_before", [0, 1])
def test_of_two_transactions_each_gets_an_epoch_of_its_own(postgres: Callable[[], Database], begun_before: int) -> None:
    first, second = postgres(), postgres()
    for _ in range(begun_before):
        first.run_write(record.begin_epoch, "before", NOON)
    epochs: list[int] = []
    thread = threading.Thread(
        target=lambda: epochs.append(second.run_write(record.begin_epoch, "second", NOON)), daemon=True
    )
    with first.connect(write=True) as connection:
        epochs.append(record.begin_epoch(connection, "first", NOON))
        thread.start()
        thread.join(timeout=0.3)
        assert thread.is_alive()
    thread.join(timeout=60)
    assert epochs == [begun_before + 1, begun_before + 2]


def test_what_is_live_is_told_by_phone_and_in_the_order_of_making(connection: Connection) -> None:
    for index, job in enumerate(["job_b", "job_a", "job_c"]):
        put_order(connection, f"order_{index}", index)
        phone = "phone_2" if job == "job_a" else "phone_1"
        attempts.intend(connection, [intent(job, f"order_{index}", index, phone=phone)], NOON + index * HOUR)
    assert [one.job for one in attempts.live(connection)] == ["job_b", "job_a", "job_c"]
    assert [one.job for one in attempts.live(connection, "phone_1")] == ["job_b", "job_c"]
    assert attempts.live_phones(connection) == {"phone_1", "phone_2"}
    attempts.doubt(connection, ["job_a"], "lost", NOON)
    assert attempts.live_phones(connection) == {"phone_1"}
    assert attempts.held_phones(connection) == {"phone_1", "phone_2"}


def test_attempts_are_listed_newest_first_and_counted(connection: Connection) -> None:
    for index, (job, state) in enumerate([("a", State.FINISHED), ("b", State.QUEUED), ("c", State.INTENT)]):
        put_order(connection, f"order_{index}", index)
        attempts.intend(connection, [intent(job, f"order_{index}", index)], NOON + index * HOUR)
        if state is State.FINISHED:
            attempts.finish(connection, job, "busy", word="busy", detail=None, call_id=None, at=NOON)
        elif state is State.QUEUED:
            attempts.queued(connection, [(job, "1-1")], NOON)
    assert [one.job for one in history.listed(connection)] == ["c", "b", "a"]
    assert [one.job for one in history.listed(connection, limit=1)] == ["c"]
    assert [one.job for one in history.listed(connection, states={State.QUEUED, State.FINISHED})] == ["b", "a"]
    assert [one.job for one in history.listed(connection, order="order_1")] == ["b"]
    assert history.listed(connection, campaign="campaign_2") == []
    counted = history.counts(connection)
    assert counted == dict.fromkeys(State, 0) | {State.FINISHED: 1, State.QUEUED: 1, State.INTENT: 1}
    assert history.outcomes(connection) == {"busy": 1}


def test_a_phones_newest_attempt_is_told_so_that_pacing_goes_on(connection: Connection) -> None:
    for index in range(3):
        put_order(connection, f"order_{index}", index)
        attempts.intend(connection, [intent(f"job_{index}", f"order_{index}", index)], NOON + index * HOUR)
    assert attempts.last_started(connection, NOON) == {"phone_1": NOON + 2 * HOUR}
    assert attempts.last_started(connection, NOON + 2 * HOUR) == {}


def test_more_jobs_than_one_statement_takes_are_found(connection: Connection) -> None:
    for index in (1, 2):
        attempt_in(connection, State.QUEUED, f"job_{index}", f"order_{index}", index)
    asked = [f"unknown_{index}" for index in range(1200)]
    assert set(attempts.by_job(connection, ["job_1", *asked, "job_2"])) == {"job_1", "job_2"}
    assert set(orders.known(connection, ["order_1", *asked, "order_2"])) == {"order_1", "order_2"}
