from sqlalchemy import Connection

from dispatcher.mirror import do_not_call, orders
from dispatcher.mirror.do_not_call import Entry, Record
from tests.integration.mirror.things import HOUR, NOON, number, put_order


def test_a_number_is_on_the_list_once_with_its_first_reason(connection: Connection) -> None:
    assert do_not_call.add(connection, {number(1): "first"}, "ann", NOON) == {number(1)}
    assert do_not_call.add(connection, {number(1): "second", number(2): "x"}, "bob", NOON + HOUR) == {number(2)}
    assert do_not_call.listed(connection, 10) == [
        Entry(number(2), "x", NOON + HOUR, "bob"),
        Entry(number(1), "first", NOON, "ann"),
    ]
    assert do_not_call.listed(connection, 10, number(1)) == [Entry(number(1), "first", NOON, "ann")]
    assert do_not_call.count(connection) == 2


def test_who_took_a_number_off_and_why_is_kept(connection: Connection) -> None:
    do_not_call.add(connection, {number(1): "asked"}, "ann", NOON)
    assert do_not_call.remove(connection, number(1), "a slip", "bob", NOON + HOUR)
    assert not do_not_call.remove(connection, number(1), "again", "bob", NOON + HOUR)
    do_not_call.add(connection, {number(1): "asked again"}, "ann", NOON + 2 * HOUR)
    do_not_call.add(connection, {number(1): "was there already"}, "ann", NOON + 3 * HOUR)
    assert do_not_call.changes(connection, number(1)) == [
        Record(number(1), "added", "asked", NOON, "ann"),
        Record(number(1), "removed", "a slip", NOON + HOUR, "bob"),
        Record(number(1), "added", "asked again", NOON + 2 * HOUR, "ann"),
    ]
    assert do_not_call.changes(connection, number(2)) == []


def test_thousands_of_numbers_are_put_there_at_once(connection: Connection) -> None:
    many = {number(index): "list" for index in range(2500)}
    assert len(do_not_call.add(connection, many, "ann", NOON)) == 2500
    assert do_not_call.add(connection, many, "ann", NOON) == set()
    assert do_not_call.known(connection, [*many, "+4930123456"]) == set(many)
    assert do_not_call.add(connection, {}, "ann", NOON) == set()


def test_an_order_is_free_again_once_its_number_is_off_the_list(connection: Connection) -> None:
    put_order(connection, "order_1", 1)
    do_not_call.add(connection, {number(1): "asked"}, "ann", NOON)
    assert orders.waiting(connection, "campaign_1", NOON, 9) == []
    do_not_call.remove(connection, number(1), "a slip", "ann", NOON)
    assert [one.order.uuid for one in orders.waiting(connection, "campaign_1", NOON, 9)] == ["order_1"]


def test_a_number_stays_on_the_list_whatever_a_sync_says_of_its_order(connection: Connection) -> None:
    put_order(connection, "order_1", 1)
    do_not_call.add(connection, {number(1): "asked"}, "ann", NOON)
    put_order(connection, "order_1", 1, digest="changed", instructions="call them!")
    orders.remove(connection, ["order_1"], NOON)
    put_order(connection, "order_1", 1, digest="back again")
    assert orders.waiting(connection, "campaign_1", NOON, 9) == []
