from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event

from dispatcher.mirror import brakes, do_not_call, orders, record
from dispatcher.model.brakes import Scope
from dispatcher.reports.campaigns import campaigns
from dispatcher.reports.sources import Sources

from .conftest import NOW, Mirror


async def only(sources: Sources) -> dict[str, Any]:
    found: list[dict[str, Any]] = (await campaigns(sources, NOW))["campaigns"]
    assert len(found) == 1
    return found[0]


async def codes(sources: Sources) -> list[str]:
    return [reason["code"] for reason in (await only(sources))["reasons"]]


async def test_a_campaign_with_nothing_against_it_is_dialing(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    found = await only(sources)
    assert found == {
        "uuid": "camp-1",
        "name": "Spring",
        "status": "active",
        "type": "outbound",
        "timezone": "America/New_York",
        "phone": "phone-1",
        "open": True,
        "dialing": True,
        "reasons": [],
        "next_change": "2026-05-04T21:00:00Z",
        "next_open": "2026-05-04T14:00:00Z",
        "waiting": 1,
        "due": 1,
        "live": 0,
        "notes": [],
    }


async def test_a_closed_window_says_when_it_opens(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.campaign(schedule={"tue": {"start": "09:00", "end": "17:00"}})
    found = await only(sources)
    assert (found["open"], found["dialing"], found["next_change"]) == (False, False, "2026-05-05T13:00:00Z")
    assert [(one["code"], one["until"]) for one in found["reasons"]] == [("window_closed", "2026-05-05T13:00:00Z")]


async def test_every_reason_is_told_and_what_a_person_mends_comes_first(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign(status="paused", assistant=None, phone="phone-9", timezone="Mars/Base", read_at=None)
    mirror.database.run_write(brakes.place, Scope.CAMPAIGN, "camp-1", "wrong script", NOW)
    assert await codes(sources) == [
        *("campaign_not_active", "timezone_unknown", "phone_unknown", "no_assistant", "paused_by_operator"),
        "no_eligible_orders",
    ]


async def test_brakes_on_a_phone_and_on_everything_stand_against_it(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.database.run_write(brakes.place, Scope.PHONE, "phone-1", "flagged", NOW)
    mirror.database.run_write(brakes.place, Scope.ALL, None, "fire drill", NOW)
    reasons = (await only(sources))["reasons"]
    assert [reason["code"] for reason in reasons] == ["paused_by_operator", "phone_paused"]
    assert "fire drill" in reasons[0]["detail"]


async def test_a_stale_mirror_stands_against_all_of_it_once(database: Any, sources: Sources) -> None:
    mirror = Mirror(database)
    mirror.phone()
    mirror.campaign(read_at=None)
    mirror.order("order-1")
    assert await codes(sources) == ["mirror_stale"]


async def test_orders_that_were_read_too_long_ago_stand_against_it(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign(read_at=NOW - timedelta(hours=1))
    mirror.order("order-1")
    assert await codes(sources) == ["mirror_stale"]


async def test_what_a_living_daemon_says_stands_against_it(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.daemon(conditions={"clock_skew": "clocks differ", "mirror_stale": "as of then"})
    assert await codes(sources) == ["clock_skew"]


async def test_what_a_dead_daemon_said_is_no_reason_but_its_silence_is_told(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.daemon(NOW - timedelta(minutes=1), {"clock_skew": "clocks differ"})
    document = await campaigns(sources, NOW)
    assert document["campaigns"][0]["dialing"]
    assert "no sign of life for 60 s" in document["problems"][0]


async def test_a_campaign_whose_orders_all_wait_says_until_when(mirror: Mirror, sources: Sources) -> None:
    later = NOW + timedelta(minutes=30)
    for name, at in (("order-1", later), ("order-2", later + timedelta(hours=1))):
        mirror.order(name, scheduled_at=at, status="scheduled")
    found = await only(sources)
    assert (found["waiting"], found["due"]) == (2, 0)
    assert [(one["code"], one["until"]) for one in found["reasons"]] == [("no_eligible_orders", "2026-05-04T14:30:00Z")]


async def test_an_order_to_a_forbidden_number_is_not_due(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.database.run_write(do_not_call.add, {"+12125550111": "asked"}, "ann", NOW)
    assert await codes(sources) == ["no_eligible_orders"]


async def test_finished_and_undialable_and_removed_orders_do_not_wait(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1", dialable=False)
    mirror.order("order-2")
    mirror.database.run_write(orders.remove, ["order-2"], NOW)
    assert (await only(sources))["waiting"] == 0


async def test_nothing_is_said_of_orders_that_were_never_read(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign("camp-2", read_at=None, schedule={"tue": {"start": "09:00", "end": "17:00"}})
    found = {one["uuid"]: one for one in (await campaigns(sources, NOW))["campaigns"]}
    assert [reason["code"] for reason in found["camp-2"]["reasons"]] == ["window_closed"]


async def test_full_limits_are_named(mirror: Mirror, configured: Callable[..., Sources]) -> None:
    mirror.order("order-1")
    mirror.order("order-2", e164="+12125550112")
    mirror.attempt("job-1", "order-1", at=NOW)
    for key, settings in (
        ("phone_concurrency", {"phone_concurrency": 1}),
        ("campaign_concurrency", {"campaign_concurrency": 1}),
        ("total_concurrency", {"total_concurrency": 1}),
    ):
        found = await only(configured(limits=settings))
        assert [reason["code"] for reason in found["reasons"]] == ["concurrency_full"]
        assert f"limits.{key}" in found["reasons"][0]["detail"]
    assert (await only(configured(limits={"campaign_concurrency": 2})))["dialing"]


async def test_limits_of_the_moment_are_not_asked_of_a_campaign_that_is_stopped_anyway(
    mirror: Mirror, configured: Callable[..., Sources]
) -> None:
    mirror.order("order-1")
    mirror.order("order-2", e164="+12125550112")
    mirror.attempt("job-1", "order-1")
    mirror.campaign(status="draft")
    assert await codes(configured(limits={"phone_concurrency": 1})) == ["campaign_not_active"]


async def test_calls_that_no_dialer_takes_are_a_reason(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.order("order-2", e164="+12125550112")
    mirror.attempt("job-1", "order-1", at=NOW - timedelta(seconds=5))
    found = await only(sources)
    assert [reason["code"] for reason in found["reasons"]] == ["rate_limited"]
    assert "1 call of the phone waits for a dialer" in found["reasons"][0]["detail"]


async def test_a_slow_pace_says_when_the_next_call_may_be_placed(
    mirror: Mirror, configured: Callable[..., Sources]
) -> None:
    mirror.order("order-1")
    mirror.order("order-2", e164="+12125550112")
    mirror.attempt("job-1", "order-1", at=NOW - timedelta(seconds=1))
    limits = {"phone_concurrency": 5, "phone_calls_per_second": 0.1}
    found = await only(configured(limits=limits))
    assert [reason["code"] for reason in found["reasons"]] == ["rate_limited"]
    until = datetime.fromisoformat(found["reasons"][0]["until"])
    assert timedelta(seconds=8.5) < until - NOW <= timedelta(seconds=9)


async def test_the_pause_between_two_calls_at_an_ordinary_pace_is_no_reason(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.order("order-2", e164="+12125550112")
    mirror.attempt("job-1", "order-1", at=NOW)
    found = await only(sources)
    assert (found["dialing"], found["live"], found["waiting"]) == (True, 1, 1)


async def test_ignored_keys_of_a_schedule_are_noted(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign(schedule={"Monday": {}, "mon": {"start": "09:00", "end": "17:00"}})
    assert "'Monday'" in (await only(sources))["notes"][0]["detail"]


async def test_the_number_of_statements_is_that_of_the_report(mirror: Mirror, sources: Sources) -> None:
    statements: list[str] = []
    mirror.order("order")
    event.listen(mirror.database._engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    await campaigns(sources, NOW)
    few = len(statements)
    for number in range(40):
        mirror.campaign(f"more-{number}")
        mirror.order(f"order-{number}", f"more-{number}", e164=f"+121255501{number:02}")
    statements.clear()
    assert len((await campaigns(sources, NOW))["campaigns"]) == 41
    assert len(statements) == few


async def test_a_mirror_that_nobody_has_filled_has_no_campaigns(database: Any, sources: Sources) -> None:
    assert database.run(record.current) is None
    document = await campaigns(sources, NOW)
    assert document["campaigns"] == []
    assert "no dispatcher has ever run" in document["problems"][0]
