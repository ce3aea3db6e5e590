"""What the law where a person is lets be called, and what each attempt remembers of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dispatcher import metrics
from dispatcher.hopper.outcomes import Report
from dispatcher.loops.from_hopper.outcomes import apply
from dispatcher.loops.to_hopper.choose import Chosen, choose
from dispatcher.mirror import attempts, orders
from dispatcher.mirror.attempts import WORKER
from dispatcher.mirror.database import Connection, Database
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.rules.packfile import shipped
from dispatcher.rules.plan import make_plan
from dispatcher.settings import Settings
from tests.integration.mirror.things import put_order

NOON = datetime(2026, 1, 12, 17, 0, tzinfo=UTC)
"""A Monday, 12 o'clock in Miami, 18 o'clock in Paris."""

MIAMI, PARIS = "+13055550100", "+33199000001"
HOUR = timedelta(hours=1)
ALWAYS = {day: {"start": "00:00", "end": "24:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
PHONE = Phone("phone_1", "", "+16054440129", "US", "vapi", "active")
PLAN = make_plan(
    Campaign("campaign_1", "One", "active", "outbound", "Europe/Berlin", ALWAYS, "phone_1", "assistant_1"),
    {"phone_1": PHONE},
)


def chosen(connection: Connection, at: datetime, **rules: Any) -> list[Chosen]:
    retries = {"person_per_day": "none", "person_per_week": "none", "person_gap": "0s"}
    told = Settings.model_validate({"calling_rules": rules, "retries": retries})
    return choose(connection, [(PLAN, 5)], told, at)[0]


def held(connection: Connection, order: str) -> tuple[str | None, datetime | None]:
    record = orders.record(connection, order)
    assert record is not None
    return record.held_code, record.held_until


def would_block(rule: str) -> float:
    return metrics.REGISTRY.get_sample_value("dispatcher_calling_rules_would_block_total", {"rule": rule}) or 0.0


def test_an_attempt_remembers_the_pack_and_the_rules_that_were_applied(database: Database) -> None:
    with database.connect(write=True) as connection:
        put_order(connection, "order_1", number=MIAMI, e164=MIAMI)
        [one] = chosen(connection, NOON)
    assert one.intent.decision["calling_rules"] == {
        "enabled": True,
        "pack": shipped().version,
        "rules": ["us-federal", "us-fl"],
        "shadow": [],
    }
    assert one.intent.not_after == datetime(2026, 1, 13, 1, 0, tzinfo=UTC)


def test_an_order_waits_out_a_holiday_and_a_blackout(database: Database) -> None:
    with database.connect(write=True) as connection:
        put_order(connection, "order_1", number=PARIS, e164=PARIS)
        assert chosen(connection, datetime(2026, 12, 25, 11, 0, tzinfo=UTC)) == []
        assert held(connection, "order_1") == ("holiday", datetime(2026, 12, 28, 9, 0, tzinfo=UTC))
    with database.connect(write=True) as connection:
        put_order(connection, "order_2", number=MIAMI, e164=MIAMI)
        assert chosen(connection, NOON, blackout_dates=["2026-01-12"]) == []
        assert held(connection, "order_2") == ("holiday", datetime(2026, 1, 13, 13, 0, tzinfo=UTC))


def test_the_law_caps_the_calls_of_a_person_beside_the_settings(database: Database) -> None:
    with database.connect(write=True) as connection:
        for number in range(4):
            put_order(connection, f"order_{number}", number=MIAMI, e164=MIAMI)
        for number in range(3):
            [one] = chosen(connection, NOON + number * HOUR)
            attempts.begun(connection, one.intent.job, WORKER, NOON + number * HOUR)
            report = Report("1-1", "phone_1", one.intent.job, None, "completed", None, None, NOON + number * HOUR)
            apply(connection, [report], {"phone_1"}, Settings().retries.policy(), {"campaign_1": PLAN}, NOON)
        assert chosen(connection, NOON + 3 * HOUR) == []
        assert held(connection, "order_3") == ("recent_attempt", NOON + 24 * HOUR)


def test_a_rule_in_shadow_is_counted_and_blocks_nothing(database: Database) -> None:
    before = would_block("us-fl")
    evening = datetime(2026, 1, 13, 1, 30, tzinfo=UTC)
    with database.connect(write=True) as connection:
        put_order(connection, "order_1", number=MIAMI, e164=MIAMI)
        assert len(chosen(connection, evening, shadow=["us-fl"])) == 1
    assert would_block("us-fl") == before + 1


def test_without_rules_everybody_is_called_at_any_hour(database: Database) -> None:
    with database.connect(write=True) as connection:
        put_order(connection, "order_1", number=PARIS, e164=PARIS)
        [one] = chosen(connection, datetime(2026, 12, 25, 1, 0, tzinfo=UTC), enabled=False)
    assert one.intent.decision["calling_rules"] == {"enabled": False}
