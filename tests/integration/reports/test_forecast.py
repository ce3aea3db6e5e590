from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from dispatcher.mirror import brakes, campaigns, orders, outlook, tables
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import State
from dispatcher.model.brakes import Scope
from dispatcher.reports.forecast import document, read_outlook
from dispatcher.reports.samples import read_sample
from dispatcher.reports.sources import Sources
from dispatcher.rules.forecast import Waiting
from dispatcher.rules.plan import make_plan

from .conftest import NOW, Mirror

SHANGHAI = "+862112345678"


def forecast(sources: Sources) -> Any:
    """The forecast of the one campaign, as the reports put it together."""

    def look(connection: Connection) -> Any:
        found, phones = campaigns.load(connection)
        plan = make_plan(found["camp-1"], phones)
        sampled = read_sample(connection, "camp-1", sources.settings, NOW)
        known = read_outlook(connection, sources.settings, plan, NOW)
        return document(plan, known, sampled, NOW, sources.settings)

    return sources.database.run(look)


def finished(
    mirror: Mirror, number: int, outcome: str = "completed", *, campaign: str = "camp-1", took: float = 60
) -> None:
    for one in range(number):
        job = f"{campaign}-{outcome}-{one}"
        mirror.attempt(
            *(job, f"order-{job}"),
            at=NOW - timedelta(hours=1),
            state=State.FINISHED,
            campaign=campaign,
            number=f"+1212555{one:04}",
            outcome=outcome,
            ended_at=NOW - timedelta(hours=1) + timedelta(seconds=took),
        )


def test_a_list_is_done_after_its_calls_and_the_gaps_between(
    mirror: Mirror, configured: Callable[..., Sources]
) -> None:
    finished(mirror, 15, took=40)
    finished(mirror, 5, "busy", took=40)
    for number in range(90):
        mirror.order(f"order-{number}", e164=f"+1212556{number:04}")

    told = forecast(configured(limits={"phone_concurrency": 1}, retries={"max_attempts": 2, "busy": "15m"}))

    # 90 calls of 40 seconds, the gap, and a quarter of them again.
    assert told["done_at"] == "2026-05-04T15:30:00Z"
    assert (told["waiting"], told["calls"], told["detail"]) == (90, 112, None)
    assert told["pace"] == {"calls_per_hour": 90.0, "limited_by": "limits.phone_concurrency", "campaigns_on_phone": 1}
    assert told["observed"] == {"calls": 20, "of": "campaign", "call_s": 40.0, "retried": 0.25}


def test_a_campaign_without_calls_is_judged_by_those_of_others(mirror: Mirror, sources: Sources) -> None:
    finished(mirror, 20, campaign="camp-2", took=30)
    mirror.order("order-1")

    assert forecast(sources)["observed"] == {"calls": 20, "of": "all", "call_s": 30.0, "retried": 0.0}


def test_until_calls_have_ended_it_is_assumed_how_they_go(mirror: Mirror, sources: Sources) -> None:
    finished(mirror, 19)
    mirror.order("order-1")

    assert forecast(sources)["observed"] == {"calls": 0, "of": "assumed", "call_s": 120.0, "retried": 0.5}


def test_campaigns_that_share_the_phone_share_its_pace(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.campaign("camp-2")
    mirror.order("order-2", "camp-2", e164="+12125550112")
    mirror.campaign("camp-3")
    mirror.campaign("camp-4", status="paused")
    mirror.order("order-4", "camp-4", e164="+12125550114")

    assert forecast(sources)["pace"]["campaigns_on_phone"] == 2


def test_people_are_called_only_from_the_first_lawful_hour_of_a_window(
    mirror: Mirror, configured: Callable[..., Sources]
) -> None:
    mirror.campaign(schedule={"mon": {"start": "00:00", "end": "24:00"}})
    mirror.order("order-1", e164=SHANGHAI)
    once = {"max_attempts": 1}

    # It is 22 o'clock in Shanghai; the next morning there is still Monday in New York.
    narrowed = forecast(configured(retries=once))["done_at"]
    at_any_hour = forecast(configured(retries=once, calling_rules={"enabled": False}))["done_at"]

    assert "2026-05-05T00:00" < narrowed < "2026-05-05T04:00"
    assert at_any_hour < "2026-05-04T15:00"


def test_calls_end_early_where_the_last_one_must_begin_early(
    mirror: Mirror, configured: Callable[..., Sources]
) -> None:
    mirror.order("order-1")
    sources = configured(schedule={"last_call_before_close": "8h"}, retries={"max_attempts": 1})

    assert forecast(sources)["done_at"] is None


def test_what_only_a_person_can_mend_puts_the_end_off_for_good(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.database.run_write(brakes.place, Scope.ALL, None, "fire drill", NOW)

    told = forecast(sources)

    assert told["done_at"] is None
    assert "fire drill" in told["detail"]


def test_a_closed_window_is_nothing_to_mend(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign(schedule={"tue": {"start": "09:00", "end": "17:00"}})
    mirror.order("order-1")

    assert forecast(sources)["done_at"].startswith("2026-05-05T")


def test_nothing_is_told_while_the_orders_are_not_known(database: Any, sources: Sources) -> None:
    mirror = Mirror(database)
    mirror.phone()
    mirror.campaign(read_at=None)

    assert forecast(sources) is None


def test_orders_that_are_never_called_are_counted_by_their_reasons(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.order("no-number", e164=None, dialable=False)
    mirror.order("failed", status="failed", dialable=False)
    mirror.order("failed-too", status="failed", dialable=False)
    mirror.order("refused", status="do-not-call", dialable=False)
    mirror.order("nowhere")
    mirror.database.run_write(orders.hold, [("nowhere", "recipient_zone_unknown", NOW + timedelta(hours=1))])
    mirror.order("reached", status="contacted", dialable=False)
    mirror.order("silent", e164="+12125550119")
    mirror.attempt("job-1", "silent", state=State.UNCERTAIN, number="+12125550119")
    mirror.order("listed", e164="+12125550118")
    forbid(mirror, "+12125550118")

    told = forecast(sources)

    assert told["waiting"] == 1
    assert told["never"] == {
        "order_not_dialable": 2,
        "number_invalid": 1,
        "do_not_call": 2,
        "recipient_zone_unknown": 1,
        "order_uncertain": 1,
    }


def test_many_orders_that_come_due_late_are_all_counted(
    mirror: Mirror, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlook, "_LATER", 2)
    for number in range(4):
        due_at = NOW + timedelta(hours=number)
        mirror.order(f"order-{number}", e164=f"+1212555010{number}", scheduled_at=due_at)

    found = sources.database.run(outlook.waiting, "camp-1", NOW, 3)

    assert [(one.orders, one.due_at - NOW) for one in found] == [
        (1, timedelta(0)),
        (1, timedelta(hours=1)),
        (1, timedelta(hours=2)),
        (1, timedelta(hours=2)),
    ]
    assert sum(one.orders for one in found) == 4
    assert Waiting(1, 0, NOW) in found


def forbid(mirror: Mirror, number: str) -> None:
    row = {"number": number, "reason": "asked", "added_at": NOW, "added_by": "test"}
    with mirror.database.connect(write=True) as connection:
        connection.execute(tables.do_not_call.insert().values(**row))
