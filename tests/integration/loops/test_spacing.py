"""One person is not called too often, whatever campaigns want it, and each call remembers what allowed it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from dispatcher.hopper.outcomes import Report
from dispatcher.loops.from_hopper.outcomes import apply
from dispatcher.loops.to_hopper.choose import Chosen, choose
from dispatcher.mirror import attempts, do_not_call, orders
from dispatcher.mirror.attempts import WORKER
from dispatcher.mirror.database import Connection, Database
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.rules.plan import Plan, make_plan
from dispatcher.settings import Settings
from tests.integration.mirror.things import put_order

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
"""A Monday, 13 o'clock in Berlin and 7 o'clock in New York."""

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PHONE = Phone("phone_1", "", "+16054440129", "US", "vapi", "active")
OFFICE = {day: {"start": "09:00", "end": "17:00"} for day in ("mon", "tue", "wed", "thu", "fri")}


def a_plan(uuid: str) -> Plan:
    campaign = Campaign(uuid, uuid, "active", "outbound", "Europe/Berlin", OFFICE, "phone_1", "assistant_1")
    return make_plan(campaign, {"phone_1": PHONE})


ONE, TWO = a_plan("campaign_1"), a_plan("campaign_2")
PLANS = {"campaign_1": ONE, "campaign_2": TWO}


def settings(**retries: Any) -> Settings:
    return Settings.model_validate({"calling_rules": {"enabled": False}, "retries": retries})


def chosen(connection: Connection, plan: Plan, at: datetime, **retries: Any) -> list[Chosen]:
    return choose(connection, [(plan, 5)], settings(**retries), at)[0]


def end(connection: Connection, one: Chosen, at: datetime, word: str = "no-answer", **retries: Any) -> None:
    report = Report("1-1", "phone_1", one.intent.job, None, word, None, None, at)
    applied = apply(connection, [report], {"phone_1"}, settings(**retries).retries.policy(), PLANS, at)
    assert [found for _, found in applied] == [word]


def call(connection: Connection, plan: Plan, at: datetime, word: str = "completed") -> str:
    """Choose an order and let its call begin and end; return the order."""
    [one] = chosen(connection, plan, at, person_per_day="none", person_per_week="none", person_gap="0s")
    attempts.begun(connection, one.intent.job, WORKER, at)
    end(connection, one, at, word)
    return one.record.order.uuid


def held(connection: Connection, order: str) -> tuple[str | None, datetime | None]:
    record = orders.record(connection, order)
    assert record is not None
    return record.held_code, record.held_until


def test_an_order_of_another_campaign_waits_an_hour_after_a_call_to_its_person(database: Database) -> None:
    with database.connect(write=True) as connection:
        put_order(connection, "order_1")
        put_order(connection, "order_2", campaign="campaign_2")
        call(connection, ONE, NOON)
        assert chosen(connection, TWO, NOON + MINUTE) == []
        assert held(connection, "order_2") == ("recent_attempt", NOON + HOUR)
        assert [one.intent.order for one in chosen(connection, TWO, NOON + HOUR)] == ["order_2"]


def test_the_cap_of_a_day_holds_across_campaigns_until_its_first_call_is_a_day_old(database: Database) -> None:
    with database.connect(write=True) as connection:
        for number in range(2):
            put_order(connection, f"order_{number}")
            call(connection, ONE, NOON + number * HOUR)
        put_order(connection, "order_8", campaign="campaign_2")
        assert chosen(connection, TWO, NOON + 2 * HOUR, person_per_day=2) == []
        assert held(connection, "order_8") == ("recent_attempt", NOON + DAY)
        assert len(chosen(connection, TWO, NOON + DAY, person_per_day=2)) == 1


def test_the_cap_of_a_week_holds_for_a_week(database: Database) -> None:
    with database.connect(write=True) as connection:
        for number in range(2):
            put_order(connection, f"order_{number}")
            call(connection, ONE, NOON + number * DAY)
        put_order(connection, "order_8", campaign="campaign_2")
        assert chosen(connection, TWO, NOON + 3 * DAY, person_per_week=2) == []
        assert held(connection, "order_8") == ("recent_attempt", NOON + 7 * DAY)


def test_a_person_who_waits_keeps_nobody_else_waiting(database: Database) -> None:
    with database.connect(write=True) as connection:
        put_order(connection, "order_1", 1)
        call(connection, ONE, NOON)
        for number in range(60):
            put_order(connection, f"same_{number:02}", 1)
        put_order(connection, "zz_other", 2)
        assert [one.intent.order for one in chosen(connection, ONE, NOON + MINUTE)] == ["zz_other"]


def test_the_calls_of_a_batch_are_asked_for_in_one_statement(database: Database) -> None:
    with database.connect(write=True) as connection:
        for number in range(40):
            put_order(connection, f"order_{number}", number)
        statements: list[str] = []
        event.listen(connection, "before_cursor_execute", lambda _, __, statement, *___: statements.append(statement))
        assert len(chosen(connection, ONE, NOON)) == 5
    assert sum("begun_at >" in statement for statement in statements) == 1


@pytest.mark.parametrize(("open_hours_only", "due"), [(True, NOON + 21 * HOUR), (False, NOON + 5 * HOUR)])
def test_a_retry_is_due_after_so_many_open_hours(database: Database, open_hours_only: bool, due: datetime) -> None:
    # Ended at 16:00 in Berlin, an hour before closing; two hours later is 10:00 of the next day.
    with database.connect(write=True) as connection:
        put_order(connection, "order_1")
        [one] = chosen(connection, ONE, NOON)
        end(connection, one, NOON + 3 * HOUR, open_hours_only=open_hours_only)
        record = orders.record(connection, "order_1")
        assert record is not None
        assert record.retry_at == due


def test_a_persons_no_stands_against_every_campaign_and_says_where_it_comes_from(database: Database) -> None:
    with database.connect(write=True) as connection:
        put_order(connection, "order_1")
        put_order(connection, "order_2", campaign="campaign_2")
        [one] = chosen(connection, ONE, NOON)
        end(connection, one, NOON, "do-not-call")
        [entry] = do_not_call.listed(connection, 9)
        assert (entry.number, entry.added_by) == (one.intent.number, "dispatcher")
        assert one.intent.job in entry.reason
        assert chosen(connection, TWO, NOON + 9 * DAY) == []


def test_an_attempt_remembers_what_allowed_it(database: Database) -> None:
    with database.connect(write=True) as connection:
        put_order(connection, "order_1")
        call(connection, ONE, NOON - 20 * HOUR)
        put_order(connection, "order_2")
        [one] = chosen(connection, ONE, NOON)
    decision = database.run(attempts.by_job, [one.intent.job])[one.intent.job].decision
    assert decision is not None
    assert (decision["timezone"], decision["local_time"]) == ("Europe/Berlin", "2026-01-12T13:00:00+01:00")
    assert decision["tzdata"].keys() == {"version", "origin"}
    assert decision["window"] == {"opens_at": "2026-01-12T08:00:00.000Z", "closes_at": "2026-01-12T16:00:00.000Z"}
    assert decision["recipient"]["zones"] == ["America/New_York"]
    assert decision["recipient"]["local_times"] == ["2026-01-12T07:00:00-05:00"]
    assert [(cap["source"], cap["made"], cap["most"]) for cap in decision["spacing"]] == [
        ("retries.person_per_day", 1, 3),
        ("retries.person_per_week", 1, 7),
    ]
