"""The book by the clock: what is open, and when that changes."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.model.brakes import Brakes
from dispatcher.model.reasons import Code
from dispatcher.rules.windows import is_open
from tests.unit.loops.books import HOUR, MONDAY, a_book, a_plan, dialing


def test_a_book_knows_what_is_open_and_what_changes_next() -> None:
    book = a_book(
        MONDAY + 10 * HOUR, a_plan("early", "06:00", "09:30"), a_plan("day"), a_plan("late", "12:00", "20:00")
    )
    assert book.open == {"day"}
    assert book.next_change() == MONDAY + 12 * HOUR


def test_a_campaign_opens_and_closes_exactly_when_its_time_comes() -> None:
    book = a_book(MONDAY + 8 * HOUR, a_plan("day"))
    assert book.advance(MONDAY + 9 * HOUR - timedelta(microseconds=1)) == []
    assert book.advance(MONDAY + 9 * HOUR) == ["day"]
    assert book.open == {"day"}
    assert book.advance(MONDAY + 17 * HOUR - timedelta(microseconds=1)) == []
    assert book.advance(MONDAY + 17 * HOUR) == ["day"]
    assert book.open == set()
    assert book.next_change() == MONDAY + 33 * HOUR


def test_after_a_long_sleep_nothing_is_replayed() -> None:
    book = a_book(MONDAY + 8 * HOUR, a_plan("day"), a_plan("late", "12:00", "20:00"))
    assert book.advance(MONDAY + timedelta(days=3, hours=18)) == ["late"]
    assert book.open == {"late"}
    assert book.next_change() == MONDAY + timedelta(days=3, hours=20)


def test_after_the_clock_was_set_back_everything_is_judged_anew() -> None:
    book = a_book(MONDAY + 18 * HOUR, a_plan("day"), a_plan("late", "12:00", "20:00"))
    assert book.advance(MONDAY + 10 * HOUR) == ["day", "late"]
    assert book.open == {"day"}
    assert book.next_change() == MONDAY + 12 * HOUR


def test_a_campaign_that_something_stands_against_takes_no_part_in_time() -> None:
    book = a_book(MONDAY + 10 * HOUR, a_plan("draft", status="draft"))
    assert book.open == set()
    assert book.next_change() is None
    assert book.advance(MONDAY + 20 * HOUR) == []


def test_a_campaign_that_never_closes_has_no_change_to_wait_for() -> None:
    book = a_book(MONDAY, a_plan("always", "00:00", "24:00"))
    assert book.open == {"always"}
    assert book.next_change() is None


def test_new_plans_take_the_place_of_all_old_ones() -> None:
    book = a_book(MONDAY + 10 * HOUR, a_plan("old"), a_plan("kept"))
    book.empty("old", MONDAY + 11 * HOUR, book.mark("old"))
    book.stir("old")
    book.replace([a_plan("kept", "00:00", "10:00"), a_plan("new")], MONDAY + 10 * HOUR)
    assert set(book.plans) == {"kept", "new"}
    assert book.open == {"new"}
    assert set(book.orders_synced_at) == {"kept"}
    assert book.advance(MONDAY + 17 * HOUR) == ["new"]


@settings(max_examples=60)
@given(
    plans=st.lists(
        st.tuples(
            st.sampled_from(["00:00", "01:30", "09:00", "22:00"]),
            st.sampled_from(["02:30", "03:00", "17:00", "24:00"]),
            st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
        ).filter(lambda hours: hours[0] != hours[1]),
        max_size=5,
    ),
    steps=st.lists(st.timedeltas(-timedelta(days=2), timedelta(days=9)), max_size=12),
)
def test_however_time_passes_the_book_is_open_when_the_wall_clock_says_so(
    plans: list[tuple[str, str, str]], steps: list[timedelta]
) -> None:
    at = MONDAY
    book = a_book(at, *(a_plan(str(number), *hours) for number, hours in enumerate(plans)))
    for step in steps:
        before, at = set(book.open), at + step
        changed = book.advance(at)
        expected = {
            uuid for uuid, plan in book.plans.items() if plan.week and plan.zone and is_open(plan.week, plan.zone, at)
        }
        assert book.open == expected
        assert before ^ expected <= set(changed)
        change = book.next_change()
        assert change is None or change > at


def test_a_campaign_is_dialled_while_it_is_open_and_nothing_stands_against_it() -> None:
    at = MONDAY + 10 * HOUR
    book = a_book(at, a_plan("b"), a_plan("a"), a_plan("closed", "12:00", "13:00"))
    assert dialing(book, at) == ["a", "b"]
    book.brakes = Brakes(campaigns={"a": "typo"})
    assert dialing(book, at) == ["b"]
    assert [reason.code for reason in book.reasons(book.plans["a"], at)] == [Code.PAUSED_BY_OPERATOR]


def test_campaigns_that_open_soon_are_found_beside_those_that_are_open() -> None:
    book = a_book(MONDAY + 10 * HOUR, a_plan("day"), a_plan("late", "12:00", "20:00"), a_plan("off", status="draft"))
    assert book.open_by(MONDAY + 11 * HOUR) == {"day"}
    assert book.open_by(MONDAY + 12 * HOUR) == {"day", "late"}
