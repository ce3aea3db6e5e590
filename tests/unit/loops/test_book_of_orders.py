"""What the book knows of orders: who ran dry, until when, and what wakes them."""

from datetime import timedelta

import pytest

from dispatcher.model.order import Order, OrderRecord, OrderStatus
from dispatcher.model.reasons import Code
from tests.unit.loops.books import HOUR, MONDAY, MOST, a_book, a_plan, dialing


def test_a_campaign_whose_orders_were_not_read_lately_is_not_dialled() -> None:
    at = MONDAY + 10 * HOUR
    book = a_book(at, a_plan("fresh"), a_plan("old"), a_plan("never"))
    book.orders_synced_at |= {"old": at - MOST - timedelta(seconds=1)}
    del book.orders_synced_at["never"]
    assert dialing(book, at) == ["fresh"]
    assert [reason.code for reason in book.reasons(book.plans["old"], at)] == [Code.MIRROR_STALE]


def test_a_campaign_that_ran_dry_is_left_alone_until_an_order_is_due() -> None:
    at = MONDAY + 10 * HOUR
    book = a_book(at, a_plan("day"), a_plan("other"))
    book.empty("day", at + HOUR, book.mark("day"))
    assert dialing(book, at) == ["other"]
    assert book.next_stir(at) == at + HOUR
    book.orders_synced_at = dict.fromkeys(book.plans, at + HOUR)
    assert dialing(book, at + HOUR - timedelta(microseconds=1)) == ["other"]
    assert dialing(book, at + HOUR) == ["day", "other"]
    assert book.next_stir(at + HOUR) is None


@pytest.mark.parametrize("names", [(), ("day",)])
def test_a_stir_wakes_a_campaign_that_ran_dry(names: tuple[str, ...]) -> None:
    at = MONDAY + 10 * HOUR
    book = a_book(at, a_plan("day"))
    book.empty("day", at + HOUR, book.mark("day"))
    book.stir(*names)
    assert dialing(book, at) == ["day"]
    assert book.next_stir(at) is None


@pytest.mark.parametrize("names", [(), ("day",)])
def test_a_stir_while_a_campaign_is_looked_at_is_not_forgotten(names: tuple[str, ...]) -> None:
    at = MONDAY + 10 * HOUR
    book = a_book(at, a_plan("day"))
    mark = book.mark("day")
    book.stir(*names)
    book.empty("day", at + HOUR, mark)
    assert dialing(book, at) == ["day"]


def test_a_clock_that_is_set_back_wakes_campaigns_that_ran_dry() -> None:
    at = MONDAY + 14 * HOUR
    book = a_book(at, a_plan("day"), a_plan("dry"))
    assert book.advance(at) == []
    book.empty("dry", at + HOUR, book.mark("dry"))
    book.orders_synced_at = dict.fromkeys(book.plans, at - 3 * HOUR)
    book.max_staleness = 9 * HOUR
    assert book.advance(at - 3 * HOUR) == []
    assert dialing(book, at - 3 * HOUR) == ["day", "dry"]


def test_a_campaign_that_opens_again_is_looked_at_again() -> None:
    at = MONDAY + 16 * HOUR
    book = a_book(at, a_plan("day"))
    book.empty("day", at + timedelta(days=2), book.mark("day"))
    book.advance(at + HOUR)
    assert dialing(book, at + HOUR) == []
    book.advance(at + 17 * HOUR)
    book.orders_synced_at = {"day": at + 17 * HOUR}
    assert dialing(book, at + 17 * HOUR) == ["day"]
    assert book.next_stir(at) is None


def test_a_campaign_that_ran_dry_twice_waits_for_the_later_word() -> None:
    at = MONDAY + 10 * HOUR
    book = a_book(at, a_plan("day"))
    book.empty("day", at + timedelta(minutes=1), book.mark("day"))
    book.empty("day", at + timedelta(minutes=2), book.mark("day"))
    assert dialing(book, at + timedelta(minutes=1)) == []
    assert book.next_stir(at) == at + timedelta(minutes=2)
    assert dialing(book, at + timedelta(minutes=2)) == ["day"]


def test_new_plans_leave_a_campaign_dry_that_was() -> None:
    at = MONDAY + 10 * HOUR
    book = a_book(at, a_plan("day"), a_plan("other"))
    book.empty("day", at + HOUR, book.mark("day"))
    book.replace(list(book.plans.values()), at)
    assert dialing(book, at) == ["other"]


def test_another_campaigns_stir_wakes_nobody() -> None:
    at = MONDAY + 10 * HOUR
    book = a_book(at, a_plan("day"), a_plan("other"))
    book.stir("day")
    mark = book.mark("day")
    book.stir("other")
    book.empty("day", at + HOUR, mark)
    assert dialing(book, at) == ["other"]


def test_a_dry_campaign_that_is_closed_is_no_reason_to_wake() -> None:
    at = MONDAY + 10 * HOUR
    book = a_book(at, a_plan("closed", "12:00", "13:00"))
    book.empty("closed", at + HOUR, book.mark("closed"))
    assert book.next_stir(at) is None


def test_a_campaign_with_orders_out_of_a_file_does_not_wait_for_the_platforms() -> None:
    now = MONDAY + 10 * HOUR
    book = a_book(now, a_plan("a"), a_plan("b"))
    book.orders_synced_at = {}
    book.note_imports({"a": MONDAY})
    assert dialing(book, now) == ["a"]
    # The platform's own orders of that campaign do wait.
    order = Order("o", "a", OrderStatus.PLANNED, "+12125550100", None, None, None, None)
    plan = book.plans["a"]
    assert [reason.code for reason in book.reasons(plan, now, OrderRecord(order, "", None))] == [Code.MIRROR_STALE]
    assert book.reasons(plan, now, OrderRecord(order, "", None, imported=True)) == []


def test_another_import_wakes_a_campaign_that_ran_dry_and_no_other() -> None:
    now = MONDAY + 10 * HOUR
    book = a_book(now, a_plan("a"), a_plan("b"))
    book.note_imports({"a": MONDAY})
    for uuid in ("a", "b"):
        book.empty(uuid, now + HOUR, book.mark(uuid))
    book.note_imports({"a": MONDAY})
    assert dialing(book, now) == []
    book.note_imports({"a": now})
    assert dialing(book, now) == ["a"]
