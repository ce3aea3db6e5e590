from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from dispatcher.mirror import brakes, record
from dispatcher.mirror.record import Pass
from dispatcher.model.brakes import Brakes, Scope
from dispatcher.model.reasons import Code, Reason
from tests.integration.mirror.things import HOUR, NOON

MINUTE = timedelta(minutes=1)
PASS = Pass("campaigns", NOON, 1.5, ok=True, counts={"campaigns": {"added": 1}}, fault=None)


def test_before_any_daemon_nothing_is_known(connection: Connection) -> None:
    assert record.current(connection) is None
    assert not record.beat(connection, 1, {}, NOON)


def test_each_daemon_gets_a_later_epoch_and_keeps_the_server(connection: Connection) -> None:
    assert record.begin_epoch(connection, "first", NOON) == 1
    record.seen_server(connection, 1, "run", keeps_all=False)
    assert record.beat(connection, 1, {"mirror_stale": "old"}, NOON + HOUR)
    assert record.begin_epoch(connection, "second", NOON + HOUR) == 2
    life = record.current(connection)
    assert life is not None
    assert (life.epoch, life.run_id, life.host, life.conditions) == (2, "run", "second", {})
    assert (life.started_at, life.beat_at) == (NOON + HOUR, NOON + HOUR)


@pytest.mark.parametrize(("silent_for", "kept"), [(4 * MINUTE, True), (5 * MINUTE, False)])
def test_what_a_daemon_saw_of_the_server_counts_for_the_next_if_it_lived_lately(
    connection: Connection, silent_for: timedelta, kept: bool
) -> None:
    record.begin_epoch(connection, "first", NOON)
    record.seen_server(connection, 1, "run", keeps_all=True)
    record.begin_epoch(connection, "second", NOON + silent_for)
    life = record.current(connection)
    assert life is not None
    assert life.keeps_all is kept


@pytest.mark.parametrize("until", [None, NOON + MINUTE])
def test_why_nothing_is_put_on_the_queue_of_a_phone_is_kept_until_the_next_sign_of_life(
    connection: Connection, until: datetime | None
) -> None:
    record.begin_epoch(connection, "first", NOON)
    why = {"phone-1": Reason(Code.QUEUE_RECOVERING, "it was lost", until)}
    record.beat(connection, 1, {}, NOON, why)
    life = record.current(connection)
    assert life is not None
    assert life.withheld == why
    record.beat(connection, 1, {}, NOON)
    life = record.current(connection)
    assert life is not None
    assert life.withheld == {}


def test_only_the_latest_daemon_leaves_signs_of_life(connection: Connection) -> None:
    record.begin_epoch(connection, "first", NOON)
    record.begin_epoch(connection, "second", NOON)
    assert not record.beat(connection, 1, {"x": "y"}, NOON + HOUR)
    assert record.beat(connection, 2, {"clock_skew": "off"}, NOON + HOUR)
    life = record.current(connection)
    assert life is not None
    assert (life.beat_at, life.conditions) == (NOON + HOUR, {"clock_skew": "off"})


def test_the_newest_pass_of_a_kind_is_told(connection: Connection) -> None:
    failed = replace(PASS, ok=False, fault="the platform is away", counts={})
    for one in (PASS, failed, replace(PASS, kind="orders")):
        record.add_pass(connection, one)
    assert record.last_pass(connection, "campaigns") == failed
    assert record.last_pass(connection, "campaigns", ok=True) == PASS
    assert record.last_pass(connection, "campaigns", ok=False) == failed
    assert record.last_pass(connection, "orders", ok=False) is None


def test_old_passes_are_forgotten(connection: Connection) -> None:
    record.add_pass(connection, PASS)
    record.add_pass(connection, replace(PASS, started_at=NOON + HOUR))
    assert record.drop_passes(connection, NOON + HOUR) == 1
    left = record.last_pass(connection, "campaigns")
    assert left is not None
    assert left.started_at == NOON + HOUR


@pytest.mark.parametrize(
    ("scope", "target", "expected"),
    [
        (Scope.ALL, None, Brakes(everything="first")),
        (Scope.CAMPAIGN, "c1", Brakes(campaigns={"c1": "first"})),
        (Scope.PHONE, "p1", Brakes(phones={"p1": "first"})),
    ],
)
def test_a_brake_is_on_until_it_is_lifted_and_keeps_its_first_reason(
    connection: Connection, scope: Scope, target: str | None, expected: Brakes
) -> None:
    assert not brakes.lift(connection, scope, target, NOON)
    assert brakes.place(connection, scope, target, "first", NOON)
    assert not brakes.place(connection, scope, target, "second", NOON)
    assert brakes.current(connection) == expected
    assert brakes.lift(connection, scope, target, NOON)
    assert brakes.current(connection) == Brakes()
    assert brakes.place(connection, scope, target, "third", NOON)
    assert brakes.current(connection) != expected


def test_a_brake_on_one_thing_is_none_on_another(connection: Connection) -> None:
    brakes.place(connection, Scope.CAMPAIGN, "x", "typo", NOON)
    assert not brakes.lift(connection, Scope.PHONE, "x", NOON)
    assert not brakes.lift(connection, Scope.ALL, None, NOON)
    assert brakes.current(connection) == Brakes(campaigns={"x": "typo"})
