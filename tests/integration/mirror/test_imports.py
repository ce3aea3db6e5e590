from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from dispatcher.mirror import campaigns, exports, imports, orders, tables
from dispatcher.mirror.imports import Brought
from dispatcher.model.order import OrderStatus
from dispatcher.rules.order_file import Line, Wanted
from dispatcher.rules.orders import CALLBACK, NEW
from tests.integration.mirror.things import HOUR, NOON, number, put_order

LATER = NOON + timedelta(days=1)


def line(index: int = 1, place: int = 2, **fields: Any) -> Line:
    return Line(place, "text", Wanted(number(index), **fields))


def bring(connection: Connection, *lines: Line, dry_run: bool = False, campaign: str = "campaign_1") -> Brought:
    return imports.bring(connection, campaign, lines, NOON, dry_run=dry_run)


def waiting(connection: Connection, at: Any = NOON, **asked: Any) -> list[str]:
    return [str(one.order.number) for one in orders.waiting(connection, "campaign_1", at, 100, **asked)]


def whys(brought: Brought) -> list[str]:
    return [why for _, why in brought.refused]


def put_campaign(connection: Connection, uuid: str = "campaign_1") -> None:
    values = {"uuid": uuid, "name": uuid, "status": "active", "type": "outbound", "document": {}, "digest": "d"}
    connection.execute(tables.campaigns.insert().values(**values, mirrored_at=NOON))


def test_an_order_out_of_a_file_waits_like_any_other(connection: Connection) -> None:
    wanted: dict[str, Any] = {"name": "Ann", "country": "US", "instructions": "be brief", "id": "7"}
    assert bring(connection, line(**wanted)) == Brought(added=1)
    [found] = orders.waiting(connection, "campaign_1", NOON, 10)
    order = found.order
    assert (order.status, order.number, order.record_name) == (OrderStatus.PLANNED, number(1), "Ann")
    assert (order.country, order.instructions, order.record) == ("US", "be brief", None)
    assert (found.e164, found.imported, found.attempts) == (number(1), True, 0)


def test_one_with_a_time_is_an_appointment(connection: Connection) -> None:
    bring(connection, line(scheduled_at=NOON + HOUR))
    assert waiting(connection) == []
    assert orders.next_due(connection, "campaign_1", NOON) == NOON + HOUR
    [found] = orders.waiting(connection, "campaign_1", NOON + HOUR, 10)
    assert found.order.status is OrderStatus.SCHEDULED
    ranks = connection.execute(tables.orders.select().with_only_columns(tables.orders.c.rank)).scalars()
    assert list(ranks) == [CALLBACK] != [NEW]


def test_the_same_lines_once_more_add_nothing(connection: Connection) -> None:
    lines = [line(1), line(2, id="7"), line(3, id="8", name="Ann")]
    bring(connection, *lines)
    assert bring(connection, *lines, line(4)) == Brought(added=1, already=3)
    assert len(waiting(connection)) == 4


def test_an_import_changes_no_order_unasked(connection: Connection) -> None:
    bring(connection, line(id="7", name="Ann"))
    again = bring(connection, line(id="7", name="Bob"), line(2, id="7"))
    assert ["--update" in why for why in whys(again)] == [True, True]
    assert [one.order.record_name for one in orders.waiting(connection, "campaign_1", NOON, 9)] == ["Ann"]


def update(connection: Connection, *lines: Line) -> Brought:
    return imports.bring(connection, "campaign_1", lines, LATER, update=True)


def test_an_order_says_what_a_later_line_says_if_that_is_asked_for(connection: Connection) -> None:
    bring(connection, line(1, id="7", name="Ann"), line(2))
    [uuid] = [
        one.order.uuid for one in orders.waiting(connection, "campaign_1", NOON, 9) if one.order.number == number(1)
    ]
    assert update(connection, line(3, id="7", name="Bob"), line(2)) == Brought(updated=1, already=1)
    found = orders.known(connection, [uuid])[uuid]
    assert (found.order.number, found.e164, found.order.record_name) == (number(3), number(3), "Bob")
    assert found.imported
    assert update(connection, line(3, id="7", name="Bob")) == Brought(already=1)
    assert whys(update(connection, line(2, id="7"))) == [
        f"the campaign has an order for this number: {imports.order_uuid('campaign_1', Wanted(number(2)))}"
    ]


def test_a_finished_order_that_is_changed_is_called_again_only_for_a_new_time(connection: Connection) -> None:
    bring(connection, line(1, id="7"))
    uuid = imports.order_uuid("campaign_1", Wanted(number(1), id="7"))
    assert orders.take(connection, uuid, "job")
    orders.spend(connection, uuid, "job", closed_as="completed", retry_at=None, at=NOON)
    update(connection, line(1, id="7", name="Bob"))
    assert orders.known(connection, [uuid])[uuid].closed_as == "completed"
    update(connection, line(1, id="7", scheduled_at=NOON + HOUR))
    assert waiting(connection, NOON + HOUR) == [number(1)]


def test_an_order_that_was_removed_comes_back_with_its_line(connection: Connection) -> None:
    bring(connection, line(1, id="7"))
    uuid = imports.order_uuid("campaign_1", Wanted(number(1), id="7"))
    orders.remove(connection, [uuid], NOON)
    assert bring(connection, line(1, id="7"), dry_run=True) == Brought(added=1)
    assert waiting(connection) == []
    assert bring(connection, line(1, id="7")) == Brought(added=1)
    assert waiting(connection) == [number(1)]


def test_lines_name_orders_as_they_were_imported_or_written_out(connection: Connection) -> None:
    put_order(connection, "order_9", 9)
    bring(connection, line(1, id="7"), line(2))
    by_id, by_number = (imports.order_uuid("campaign_1", one) for one in (Wanted(number(1), id="7"), Wanted(number(2))))
    lines = [line(5, id="7"), line(2, id=by_number), line(2), line(9, id="order_9"), Line(9, "", None, "no")]
    assert imports.named(connection, "campaign_1", lines) == [by_id, by_number, by_number, "order_9"]


def test_a_number_that_the_campaign_has_is_not_called_twice(connection: Connection) -> None:
    put_order(connection, "order_1", 1)
    put_order(connection, "elsewhere", 2, campaign="campaign_2")
    put_order(connection, "removed", 3)
    orders.remove(connection, ["removed"], NOON)
    brought = bring(connection, line(1, id="7"), line(2), line(3))
    assert whys(brought) == ["the campaign has an order for this number: order_1"]
    assert brought.added == 2


def test_an_order_that_was_written_out_is_there_already(connection: Connection) -> None:
    put_order(connection, "order_1", 1)
    assert bring(connection, line(1, id="order_1")) == Brought(already=1)
    assert bring(connection, line(1, id="order_1"), campaign="campaign_2") == Brought(added=1)


def test_refused_lines_are_told_beside_the_others(connection: Connection) -> None:
    bad = Line(3, "text", None, "it is not JSON")
    assert bring(connection, line(1), bad) == Brought(added=1, refused=[(bad, "it is not JSON")])


def test_a_dry_run_says_the_same_and_adds_nothing(connection: Connection) -> None:
    put_campaign(connection)
    put_order(connection, "order_1", 1)
    lines = [line(1), line(2)]
    before = campaigns.version(connection)
    assert bring(connection, *lines, dry_run=True) == bring(connection, *lines, dry_run=True)
    assert (waiting(connection), campaigns.version(connection)) == ([number(1)], before)
    assert bring(connection, *lines).added == 1


def test_no_list_of_the_platforms_touches_what_a_file_brought(connection: Connection) -> None:
    bring(connection, line(1))
    put_order(connection, "order_2", 2)
    assert orders.of_campaign(connection, "campaign_1") == {"order_2"}
    assert orders.of_campaign(connection, "campaign_1", OrderStatus.PLANNED, seen_before=NOON + HOUR) == {"order_2"}
    orders.unlist(connection, ["order_2"], NOON)
    assert waiting(connection) == [number(1)]


def test_what_a_file_brought_never_grows_too_old(connection: Connection) -> None:
    bring(connection, line(1))
    put_order(connection, "order_2", 2)
    assert waiting(connection, LATER, seen_since=NOON + HOUR) == [number(1)]
    assert len(waiting(connection, LATER)) == 2


def test_a_campaign_remembers_that_a_file_brought_orders_so_that_a_daemon_notices(connection: Connection) -> None:
    put_campaign(connection)
    put_campaign(connection, "campaign_2")
    before = campaigns.version(connection)
    assert campaigns.orders_imported_at(connection) == {}
    bring(connection, line(1))
    assert campaigns.orders_imported_at(connection) == {"campaign_1": NOON}
    assert campaigns.version(connection) != before
    again = campaigns.version(connection)
    bring(connection, line(1))
    assert campaigns.version(connection) == again


@pytest.mark.parametrize("campaign", ["campaign_1", None])
def test_orders_are_written_out_in_order_with_what_became_of_them(
    connection: Connection, campaign: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_AT_ONCE", 2)
    for place in range(5):
        put_order(connection, f"order_{place}", place)
    put_order(connection, "other", 9, campaign="campaign_2")
    orders.remove(connection, ["order_4"], NOON)
    bring(connection, line(7, id="mine", name="Ann"))
    for job, outcome, at in (("a", "busy", NOON), ("b", "completed", NOON + HOUR), ("c", None, LATER)):
        values: dict[str, Any] = {
            "job": job,
            "order": "order_1",
            "campaign": "campaign_1",
            "phone": "p",
            "number": number(1),
        }
        values |= {"ordinal": 1, "state": "finished" if outcome else "revoked", "basis": "b", "not_after": NOON}
        connection.execute(tables.attempts.insert().values(**values, created_at=NOON, ended_at=at, outcome=outcome))
    found: list[exports.Exported] = []
    total = exports.each(connection, campaign, found.extend)
    assert total == len(found) == (5 if campaign else 6)
    assert [one.uuid for one in found[1:5]] == [f"order_{place}" for place in range(4)]
    assert (found[0].id, found[0].name, found[0].imported) == ("mine", "Ann", True)
    assert (found[2].id, found[2].last_outcome, found[2].last_ended_at) == (None, "completed", NOON + HOUR)
    assert (found[3].last_outcome, found[3].last_ended_at) == (None, None)
