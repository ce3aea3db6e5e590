"""What stands against campaigns by the book: one by one, and counted."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from dispatcher.loops.book import Book
from dispatcher.model.brakes import Brakes
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.reasons import Code, Reason
from dispatcher.rules.last_call import Guard
from dispatcher.rules.plan import Plan, make_plan
from tests.unit.loops.books import DAYS, HOUR, MONDAY, MOST, a_book, a_plan, dialing


def test_conditions_keep_everything_from_being_queued() -> None:
    at = MONDAY + 10 * HOUR
    book = a_book(at, a_plan("day"))
    assert book.conditions(at) == []
    assert [reason.code for reason in book.conditions(at + MOST + timedelta(seconds=1))] == [Code.MIRROR_STALE]
    book.skews = {"redis": timedelta(minutes=1)}
    book.hopper = Reason(Code.HOPPER_RECOVERING, "Redis is away")
    assert [reason.code for reason in book.conditions(at)] == [Code.HOPPER_RECOVERING, Code.CLOCK_SKEW]


def test_a_new_book_keeps_everything_from_being_queued() -> None:
    assert [reason.code for reason in Book(MOST).conditions(MONDAY)] == [Code.HOPPER_RECOVERING, Code.MIRROR_STALE]


def a_mixed_book(at: datetime) -> Book:
    phones = {uuid: Phone(uuid, "", "+16054440129", "US", "vapi", "active") for uuid in ("phone_1", "phone_2")}
    book = a_book(
        MONDAY,
        *(
            make_plan(
                Campaign(
                    f"{status}-{start}-{phone}",
                    "",
                    status,
                    "outbound",
                    place,
                    {day: {"start": start, "end": "17:00"} for day in DAYS},
                    phone,
                    "assistant_1",
                ),
                phones,
            )
            for status, place in (("active", "UTC"), ("paused", "UTC"), ("active ", "Mars/Olympus"))
            for start in ("06:00", "12:00")
            for phone in ("phone_1", "phone_2", "phone_3")
        ),
    )
    book.advance(at)
    return book


@pytest.mark.parametrize(
    "brakes",
    [
        Brakes(),
        Brakes(everything="fire drill"),
        Brakes(campaigns={"active-06:00-phone_1": "x", "paused-06:00-phone_1": "x", "gone": "x"}),
        Brakes(campaigns={"active-12:00-phone_2": "x"}, phones={"phone_1": "x", "phone_3": "x"}),
        Brakes(everything="fire drill", campaigns={"active-12:00-phone_2": "x"}, phones={"phone_1": "x"}),
    ],
)
@pytest.mark.parametrize("hours", [5, 10, 13, 18])
def test_the_census_is_what_each_campaign_says_for_itself(brakes: Brakes, hours: int) -> None:
    at = MONDAY + hours * HOUR
    book = a_mixed_book(at)
    book.brakes = brakes
    book.orders_synced_at = {"active-06:00-phone_1": at}
    assert book.census(at) == Counter(
        reasons[0].code if (reasons := book.reasons(plan, at)) else None for plan in book.plans.values()
    )


def test_the_census_looks_at_no_idle_campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    book = a_book(MONDAY, *(a_plan(f"idle-{number}") for number in range(100)), a_plan("open", "00:00", "24:00"))
    looked_at: list[str] = []
    judge = book.reasons

    def judged(plan: Plan, at: datetime) -> list[Reason]:
        looked_at.append(plan.campaign.uuid)
        return judge(plan, at)

    monkeypatch.setattr(book, "reasons", judged)
    assert book.census(MONDAY) == {Code.WINDOW_CLOSED: 100, None: 1}
    assert looked_at == ["open"]


def test_a_campaign_whose_own_calls_tell_it_has_a_guard_of_its_own() -> None:
    book = a_book(MONDAY + 9 * HOUR, a_plan("own"), a_plan("other"))
    book.guard, book.guards = Guard(timedelta(minutes=5)), {"own": Guard(timedelta(hours=1), "by its calls")}
    book.orders_synced_at = dict.fromkeys(book.plans, MONDAY + 16 * HOUR)
    assert dialing(book, MONDAY + 16 * HOUR - timedelta(microseconds=1)) == ["other", "own"]
    assert dialing(book, MONDAY + 16 * HOUR) == ["other"]
    (reason,) = book.reasons(book.plans["own"], MONDAY + 16 * HOUR)
    assert "in the last 3600 s before it closes (by its calls)" in reason.detail


def test_plans_that_are_read_again_take_their_days_off() -> None:
    book = a_book(MONDAY + 10 * HOUR, a_plan("day"), a_plan("dark"))
    book.read_again(MONDAY + 10 * HOUR, {"dark": [MONDAY.date()]})
    assert book.open == {"day"}
    (reason,) = book.reasons(book.plans["dark"], MONDAY + 10 * HOUR)
    assert reason.detail.startswith("2026-03-23 is a blackout date of the campaign in UTC")
    assert reason.until == MONDAY + 33 * HOUR
    book.read_again(MONDAY + 10 * HOUR, {})
    assert book.open == {"day", "dark"}
