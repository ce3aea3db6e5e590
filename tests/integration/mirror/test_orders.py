from datetime import timedelta

import pytest
from sqlalchemy import Connection, event

from dispatcher.mirror import attempts, do_not_call, doubts, orders
from dispatcher.model.attempt import LIVE, State
from dispatcher.model.order import OrderRecord
from tests.integration.mirror.things import HOUR, NOON, attempt_in, intent, number, put_order

MICROSECOND = timedelta(microseconds=1)


def waiting(connection: Connection, campaign: str = "campaign_1", limit: int = 100) -> list[str]:
    return [one.order.uuid for one in orders.waiting(connection, campaign, NOON, limit)]


def the_order(connection: Connection, uuid: str = "order_1") -> OrderRecord:
    found = orders.record(connection, uuid)
    assert found is not None
    return found


def called(connection: Connection, closed_as: str | None = None, retry_at: object = None) -> None:
    """Let order_1 have been called."""
    attempts.intend(connection, [intent("job_1")], NOON)
    attempts.finish(connection, "job_1", "busy", word="busy", detail=None, call_id=None, at=NOON)
    orders.spend(connection, "order_1", "job_1", closed_as=closed_as, retry_at=retry_at, at=NOON)  # type: ignore[arg-type]


def test_callbacks_wait_before_retries_and_those_before_new_orders(connection: Connection) -> None:
    put_order(connection, "new", 1)
    put_order(connection, "later retry", 2, rank=1, scheduled_at=NOON)
    put_order(connection, "retry", 3, rank=1, scheduled_at=NOON - HOUR)
    put_order(connection, "b callback", 4, rank=0)
    put_order(connection, "a callback", 5, rank=0)
    assert waiting(connection) == ["a callback", "b callback", "retry", "later retry", "new"]
    assert waiting(connection, limit=2) == ["a callback", "b callback"]


def test_an_order_waits_until_it_is_due(connection: Connection) -> None:
    put_order(connection, "now", 1, scheduled_at=NOON)
    put_order(connection, "soon", 2, scheduled_at=NOON + MICROSECOND)
    put_order(connection, "later", 3, scheduled_at=NOON + HOUR)
    assert waiting(connection) == ["now"]
    assert orders.next_due(connection, "campaign_1", NOON) == NOON + MICROSECOND
    assert orders.next_due(connection, "campaign_1", NOON + MICROSECOND) == NOON + HOUR
    assert orders.next_due(connection, "campaign_1", NOON + HOUR) is None


def test_other_campaigns_orders_are_nobodys_business(connection: Connection) -> None:
    put_order(connection, "order_1", campaign="campaign_2", scheduled_at=NOON + HOUR)
    put_order(connection, "order_2", 2, campaign="campaign_2")
    assert waiting(connection) == []
    assert orders.next_due(connection, "campaign_1", NOON) is None


def test_what_may_not_be_dialled_does_not_wait(connection: Connection) -> None:
    put_order(connection, "not dialable", 1, dialable=False)
    put_order(connection, "removed", 2)
    orders.remove(connection, ["removed"], NOON)
    assert waiting(connection) == []


@pytest.mark.parametrize("state", list(State))
def test_an_order_whose_number_is_being_called_elsewhere_waits_for_the_end_of_that(
    connection: Connection, state: State
) -> None:
    attempt_in(connection, state, "job_1", "order_1", 1)
    put_order(connection, "same number", 1, campaign="campaign_2")
    assert waiting(connection, "campaign_2") == ([] if state in LIVE else ["same number"])


def test_a_number_that_must_not_be_called_does_not_wait_in_any_campaign(connection: Connection) -> None:
    put_order(connection, "order_1", 1)
    put_order(connection, "order_2", 1, campaign="campaign_2")
    do_not_call.add(connection, {number(1): "asked for it"}, "ann", NOON)
    assert waiting(connection) == waiting(connection, "campaign_2") == []
    assert the_order(connection).forbidden


def test_a_removed_order_is_known_but_not_told(connection: Connection) -> None:
    put_order(connection, "order_1")
    orders.remove(connection, ["order_1"], NOON)
    assert orders.record(connection, "order_1") is None
    assert orders.known(connection, ["order_1"])["order_1"].removed
    assert orders.of_campaign(connection, "campaign_1") == set()


def test_a_removed_order_comes_back_when_it_is_listed_again(connection: Connection) -> None:
    put_order(connection, "order_1")
    orders.remove(connection, ["order_1"], NOON)
    put_order(connection, "order_1")
    assert waiting(connection) == ["order_1"]
    assert orders.of_campaign(connection, "campaign_1") == {"order_1"}


def test_a_change_on_the_platform_keeps_what_is_ours(connection: Connection) -> None:
    put_order(connection, "order_1")
    called(connection, retry_at=NOON + HOUR)
    put_order(connection, "order_1", instructions="be brief", scheduled_at=NOON)
    found = the_order(connection)
    assert (found.attempts, found.retry_at, found.order.instructions) == (1, NOON + HOUR, "be brief")
    assert waiting(connection) == []
    assert orders.next_due(connection, "campaign_1", NOON) == NOON + HOUR


def test_a_change_on_the_platform_keeps_an_order_held(connection: Connection) -> None:
    attempt_in(connection, State.DIALING)
    put_order(connection, "order_1", instructions="be brief")
    assert the_order(connection).live_state is State.DIALING
    assert waiting(connection) == []


def test_a_hold_puts_an_order_off_and_says_why(connection: Connection) -> None:
    put_order(connection, "order_1", 1)
    put_order(connection, "order_2", 2)
    orders.hold(connection, [("order_1", "recipient_hours_closed", NOON + HOUR)])
    assert waiting(connection) == ["order_2"]
    found = the_order(connection)
    assert (found.held_code, found.held_until) == ("recipient_hours_closed", NOON + HOUR)
    assert orders.next_due(connection, "campaign_1", NOON) == NOON + HOUR


def test_holds_are_forgotten_all_at_once_and_other_waits_are_not(connection: Connection) -> None:
    put_order(connection, "order_1", 1)
    put_order(connection, "order_2", 2, scheduled_at=NOON + HOUR)
    orders.hold(connection, [(uuid, "holiday", NOON + 2 * HOUR) for uuid in ("order_1", "order_2")])
    assert orders.release_holds(connection) == 2
    assert waiting(connection) == ["order_1"]
    assert the_order(connection).held_code is None
    assert orders.next_due(connection, "campaign_1", NOON) == NOON + HOUR
    assert orders.release_holds(connection) == 0


def test_a_call_that_found_nobody_makes_its_order_a_retry_that_is_due_later(connection: Connection) -> None:
    put_order(connection, "order_1")
    called(connection, retry_at=NOON + HOUR)
    found = the_order(connection)
    assert (found.attempts, found.retry_at, found.closed_as, found.live_state) == (1, NOON + HOUR, None, None)
    assert waiting(connection) == []
    put_order(connection, "new", 2)
    ready = orders.waiting(connection, "campaign_1", NOON + HOUR, 10)
    assert [one.order.uuid for one in ready] == ["order_1", "new"]


def test_a_call_that_ended_an_order_closes_it(connection: Connection) -> None:
    put_order(connection, "order_1")
    called(connection, closed_as="completed")
    found = the_order(connection)
    assert (found.attempts, found.closed_as, found.closed_at) == (1, "completed", NOON)
    assert waiting(connection) == []
    assert orders.next_due(connection, "campaign_1", NOON - HOUR) is None
    assert not orders.take(connection, "order_1", "job_2")


def test_only_the_attempt_that_holds_an_order_can_free_it(connection: Connection) -> None:
    attempt_in(connection, State.DIALING)
    orders.free(connection, "order_1", "job_9")
    assert the_order(connection).live_state is State.DIALING


def test_a_released_call_that_ends_late_counts_and_leaves_the_order_to_its_next_attempt(connection: Connection) -> None:
    put_order(connection, "order_1")
    attempts.intend(connection, [intent("job_1")], NOON)
    attempts.doubt(connection, ["job_1"], "late", NOON)
    released_at = doubts.Word(by="ann", why="the dialer is gone", at=NOON)
    (attempt,) = attempts.by_job(connection, ["job_1"]).values()
    assert doubts.release(connection, attempt, released_at)
    attempts.intend(connection, [intent("job_2")], NOON)
    ended = {"word": "completed", "detail": None, "call_id": None, "at": NOON}
    assert attempts.finish(connection, "job_1", "completed", **ended)  # type: ignore[arg-type]
    orders.spend(connection, "order_1", "job_1", closed_as="completed", retry_at=None, at=NOON)
    found = the_order(connection)
    assert (found.attempts, found.closed_as, found.live_state) == (1, "completed", State.INTENT)
    # Told again it is refused, and nothing is spent a second time.
    assert not attempts.finish(connection, "job_1", "completed", **ended)  # type: ignore[arg-type]


def test_a_call_that_ends_after_another_has_closed_its_order_does_not_open_it_again(connection: Connection) -> None:
    attempt_in(connection, State.DIALING, "job_2")
    orders.spend(connection, "order_1", "job_1", closed_as="completed", retry_at=None, at=NOON)
    orders.spend(connection, "order_1", "job_2", closed_as=None, retry_at=NOON + HOUR, at=NOON + HOUR)
    found = the_order(connection)
    assert (found.attempts, found.closed_as, found.closed_at, found.live_state) == (2, "completed", NOON, None)
    assert orders.waiting(connection, "campaign_1", NOON + 2 * HOUR, 10) == []


def test_an_order_that_opens_again_starts_anew(connection: Connection) -> None:
    put_order(connection, "order_1")
    called(connection, closed_as="completed", retry_at=NOON + HOUR)
    orders.reopen(connection, ["order_1"])
    found = the_order(connection)
    assert (found.attempts, found.closed_as, found.closed_at, found.retry_at) == (0, None, None, None)
    assert waiting(connection) == ["order_1"]


def test_sqlite_finds_waiting_orders_by_their_index(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return  # PostgreSQL sees by itself that the two conditions are the same
    statements: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        statements.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    orders.waiting(connection, "campaign_1", NOON, 10)
    orders.next_due(connection, "campaign_1", NOON)
    event.remove(connection, "before_cursor_execute", note)
    assert len(statements) == 2
    for statement, parameters in statements:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()  # type: ignore[arg-type]
        told = " ".join(str(row) for row in plan)
        assert "USING INDEX orders_waiting" in told, plan
        # Whether a number is in a live attempt is asked of each order: of the live ones, not of all that ever were.
        assert "SCAN" not in told, plan


def test_a_campaign_has_orders_from_its_first_on(connection: Connection) -> None:
    assert not orders.has_orders(connection, "campaign_1")
    put_order(connection, "order_1")
    assert orders.has_orders(connection, "campaign_1")
    assert not orders.has_orders(connection, "campaign_2")
