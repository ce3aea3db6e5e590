import zoneinfo
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.loops.book import Book
from dispatcher.model.brakes import Brakes
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.order import Order, OrderRecord, OrderStatus
from dispatcher.model.reasons import Code, Reason
from dispatcher.rules import zones
from dispatcher.rules.last_call import Guard
from dispatcher.rules.plan import Plan, make_plan
from dispatcher.rules.windows import is_open

MONDAY = datetime(2026, 3, 23, tzinfo=UTC)
"""In the week before Berlin's clocks go forward."""

MOST = timedelta(minutes=10)
HOUR = timedelta(hours=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PHONE = Phone("phone_1", "", "+16054440129", "US", "vapi", "active")


@pytest.fixture(autouse=True, scope="module")
def _zone_data() -> Iterator[None]:
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    zones.names.cache_clear()
    zones.zones.cache_clear()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()
    zones.names.cache_clear()
    zones.zones.cache_clear()


def a_plan(uuid: str, start: str = "09:00", end: str = "17:00", place: str = "UTC", status: str = "active") -> Plan:
    schedule = {day: {"start": start, "end": end} for day in DAYS}
    campaign = Campaign(uuid, uuid, status, "outbound", place, schedule, "phone_1", "assistant_1")
    return make_plan(campaign, {"phone_1": PHONE})


def a_book(at: datetime, *plans: Plan) -> Book:
    book = Book(MOST)
    book.replace(plans, at)
    book.synced_at = at
    book.hopper = None
    book.orders_synced_at = {plan.campaign.uuid: at for plan in plans}
    return book


def dialing(book: Book, at: datetime) -> list[str]:
    return [plan.campaign.uuid for plan in book.dialing(at)]


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


def test_a_campaign_whose_orders_were_not_read_lately_is_not_dialled() -> None:
    at = MONDAY + 10 * HOUR
    book = a_book(at, a_plan("fresh"), a_plan("old"), a_plan("never"))
    book.orders_synced_at |= {"old": at - MOST - timedelta(seconds=1)}
    del book.orders_synced_at["never"]
    assert dialing(book, at) == ["fresh"]
    assert [reason.code for reason in book.reasons(book.plans["old"], at)] == [Code.MIRROR_STALE]


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


def test_campaigns_that_open_soon_are_found_beside_those_that_are_open() -> None:
    book = a_book(MONDAY + 10 * HOUR, a_plan("day"), a_plan("late", "12:00", "20:00"), a_plan("off", status="draft"))
    assert book.open_by(MONDAY + 11 * HOUR) == {"day"}
    assert book.open_by(MONDAY + 12 * HOUR) == {"day", "late"}


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
