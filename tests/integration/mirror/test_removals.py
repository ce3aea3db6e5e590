from datetime import timedelta

import pytest
from sqlalchemy import Connection

from dispatcher.mirror import imports, orders, removals
from dispatcher.model.attempt import State
from dispatcher.rules.order_file import Line, Wanted
from tests.integration.mirror.things import NOON, attempt_in, number, put_order

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def brought(connection: Connection) -> str:
    """The order of a file."""
    imports.bring(connection, "campaign_1", [Line(1, "", Wanted(number(1)))], NOON)
    return imports.order_uuid("campaign_1", Wanted(number(1)))


def test_what_a_file_brought_is_taken_out_once(connection: Connection, brought: str) -> None:
    assert removals.take_out(connection, [brought], LATER, dry_run=True).removed == [brought]
    assert orders.record(connection, brought) is not None
    assert removals.take_out(connection, [brought, brought], LATER).removed == [brought]
    assert orders.record(connection, brought) is None
    assert removals.take_out(connection, [brought], LATER) == removals.Removed(already=[brought])


def test_orders_of_the_platforms_or_of_another_campaign_stay(connection: Connection, brought: str) -> None:
    put_order(connection, "order_2", 2)
    done = removals.take_out(connection, ["order_2", "nonesuch"], LATER)
    assert "the studio" in done.refused["order_2"]
    assert done.refused["nonesuch"] == "there is no such order"
    done = removals.take_out(connection, [brought], LATER, campaign="campaign_2")
    assert done.refused == {brought: "there is no such order of this campaign"}
    assert orders.record(connection, brought) is not None
    assert orders.record(connection, "order_2") is not None


@pytest.mark.parametrize(
    ("state", "why"),
    [(State.INTENT, None), (State.QUEUED, None), (State.DIALING, "being called"), (State.UNCERTAIN, "nobody knows")],
)
def test_an_order_whose_call_has_begun_stays_until_that_is_over(
    connection: Connection, brought: str, state: State, why: str | None
) -> None:
    attempt_in(connection, state, order="order_2", index=2)
    connection.exec_driver_sql("UPDATE orders SET imported_at = mirrored_at")
    done = removals.take_out(connection, ["order_2", brought], LATER)
    if why is None:
        assert done.removed == ["order_2", brought]
    else:
        assert why in done.refused["order_2"]
        assert done.removed == [brought]
