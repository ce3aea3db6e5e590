from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispatcher.errors import NotFoundError
from dispatcher.mirror import brakes, breakers
from dispatcher.model.attempt import State
from dispatcher.model.brakes import Scope
from dispatcher.model.reasons import Code, Reason
from dispatcher.reports.explain import explain
from dispatcher.reports.sources import Sources
from dispatcher.rules import breaker
from dispatcher.rules.breaker import Pause

from .conftest import HOURS, NOW, Mirror

NIGHT = datetime(2026, 5, 5, 3, 0, tzinfo=UTC)
"""Monday, 23 o'clock in New York."""


def codes(document: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in document["reasons"]]


async def test_a_campaign_that_is_dialled_says_so(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    found = await explain(sources, "camp-1", None, NOW, NOW)
    assert found.pop("forecast")["waiting"] == 1
    assert found.pop("share") == {"weight": 1, "share": 1.0, "among": 1}
    assert found == {
        "campaign": "camp-1",
        "name": "Spring",
        "timezone": "America/New_York",
        "at": "2026-05-04T14:00:00Z",
        "dialing": True,
        "reasons": [],
        "open": True,
        "next_open": "2026-05-04T14:00:00Z",
        "next_change": "2026-05-04T21:00:00Z",
        "last_call": {"before_close_s": 0.0, "by": "schedule.last_call_before_close"},
        "notes": [],
        "problems": [],
    }


async def test_a_phone_whose_queue_may_not_be_used_is_named_with_why(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.daemon(withheld={"phone-1": Reason(Code.QUEUE_UNREACHABLE, "its server is away")})
    found = await explain(sources, "camp-1", None, NOW, NOW)
    assert found["reasons"] == [{"code": "queue_unreachable", "detail": "its server is away", "until": None}]
    mirror.daemon(withheld={"another": Reason(Code.QUEUE_UNREACHABLE, "its server is away")})
    assert codes(await explain(sources, "camp-1", None, NOW, NOW)) == []
    mirror.daemon(NOW - timedelta(hours=1), withheld={"phone-1": Reason(Code.QUEUE_UNREACHABLE, "was away")})
    assert codes(await explain(sources, "camp-1", None, NOW, NOW)) == [], (
        "what a daemon said that runs no more is no news"
    )


async def test_a_phone_that_rests_says_until_when_and_one_that_is_tried_that_it_is(
    mirror: Mirror, sources: Sources
) -> None:
    mirror.order("order-1")
    mirror.database.run_write(
        breakers.put, {(breaker.Scope.PHONE, "phone-1"): Pause(NOW, NOW + timedelta(minutes=1), 2, 6, 10)}
    )
    found = await explain(sources, "camp-1", None, NOW, NOW)
    assert codes(found) == ["phone_failing"]
    assert found["reasons"][0]["until"] == "2026-05-04T14:01:00Z"
    later = NOW + timedelta(minutes=2)
    assert codes(await explain(sources, "camp-1", None, later, later)) == []
    mirror.order("order-2", e164="+12125550112")
    mirror.attempt("job-1", "order-2", at=later, state=State.DIALING, number="+12125550112")
    found = await explain(sources, "camp-1", None, later, later)
    assert (codes(found), found["reasons"][0]["until"]) == (["phone_failing"], None)


async def test_a_phone_that_has_placed_its_calls_of_the_day_says_when_it_may_again(
    mirror: Mirror, configured: Callable[..., Sources]
) -> None:
    mirror.order("order-1")
    for place in (1, 2):
        begun_at = NOW - timedelta(hours=place)
        mirror.attempt(f"job-{place}", "order-1", at=begun_at, state=State.FINISHED, begun_at=begun_at)
    found = await explain(configured(limits={"phone_calls_per_day": 2}), "camp-1", None, NOW, NOW)
    assert codes(found) == ["daily_limit_reached"]
    assert found["reasons"][0]["until"] == "2026-05-05T12:00:00Z"
    assert codes(await explain(configured(limits={"phone_calls_per_day": 3}), "camp-1", None, NOW, NOW)) == []


async def test_another_instant_is_judged_by_its_own_clock(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    found = await explain(sources, "camp-1", None, NIGHT, NOW)
    assert codes(found) == ["window_closed"]
    assert found["reasons"][0]["until"] == found["next_open"] == "2026-05-05T13:00:00Z"


async def test_conditions_of_now_are_left_out_of_another_instant_and_brakes_are_not(
    mirror: Mirror, sources: Sources
) -> None:
    mirror.order("order-1")
    mirror.daemon(conditions={"clock_skew": "clocks differ"})
    mirror.database.run_write(brakes.place, Scope.CAMPAIGN, "camp-1", "wrong script", NOW)
    tomorrow = NOW + timedelta(days=1)
    assert codes(await explain(sources, "camp-1", None, NOW, NOW)) == ["paused_by_operator", "clock_skew"]
    assert codes(await explain(sources, "camp-1", None, tomorrow, NOW)) == ["paused_by_operator"]


async def test_whether_an_order_is_due_is_judged_at_the_instant_asked_for(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1", status="scheduled", scheduled_at=NOW + timedelta(hours=2))
    assert codes(await explain(sources, "camp-1", None, NOW + timedelta(hours=1), NOW)) == ["no_eligible_orders"]
    assert codes(await explain(sources, "camp-1", None, NOW + timedelta(hours=2), NOW)) == []


async def test_a_campaign_without_a_zone_has_no_next_opening(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign(timezone=None)
    found = await explain(sources, "camp-1", None, NOW, NOW)
    assert (found["next_open"], found["next_change"]) == (None, None)
    assert codes(found)[0] == "no_timezone"


@pytest.mark.parametrize("text", ["camp-1", "camp", "Spring"])
async def test_a_campaign_may_be_named_by_uuid_prefix_or_name(mirror: Mirror, sources: Sources, text: str) -> None:
    assert (await explain(sources, text, None, NOW, NOW))["campaign"] == "camp-1"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nowhere", "no campaign 'nowhere' in the mirror: give"),
        ("cam", "no campaign"),
        ("camp-", "2 campaigns"),
        ("Twice", "2 campaigns"),
        ("twice", r"no campaign 'twice' in the mirror \(like it: 'Twice', 'Twice'\): give"),
        ("Autum", r"\(like it: 'Autumn, Berlin', 'Autumn, Paris', 'Autumn, Rome'\)"),
        ("Atumn, Rome", r"like it: .*Rome"),
    ],
)
async def test_what_names_no_single_campaign_is_not_found(
    mirror: Mirror, sources: Sources, text: str, sentence: str
) -> None:
    mirror.campaign("camp-1", name="Twice")
    mirror.campaign("camp-2", name="Twice")
    for place in ("Rome", "Paris", "Berlin", "Vienna"):
        mirror.campaign(f"in-{place}", name=f"Autumn, {place}")
    with pytest.raises(NotFoundError, match=sentence):
        await explain(sources, text, None, NOW, NOW)


async def test_a_whole_uuid_wins_over_longer_ones_and_over_names(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign("camp-11", name="camp-1")
    assert (await explain(sources, "camp-1", None, NOW, NOW))["campaign"] == "camp-1"


async def test_an_order_is_explained_with_its_attempts_and_without_the_person(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.attempt("job-1", "order-1", state=State.FINISHED, outcome="busy", ended_at=NOW)
    mirror.attempt("job-2", "order-1", state=State.QUEUED, ordinal=2)
    found = await explain(sources, "camp-1", "order-1", NOW, NOW)
    assert (found["order"], found["dialing"], codes(found)) == ("order-1", False, ["order_in_flight"])
    assert {(one["job"], one["state"], one["outcome"]) for one in found["attempts"]} == {
        ("job-1", "finished", "busy"),
        ("job-2", "queued", None),
    }
    assert found["number"] == "**********11"
    assert "2125550111" not in str(found)
    assert "Ada" not in str(found)


async def test_an_order_to_a_place_where_it_is_night_waits_for_a_lawful_hour(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1", e164="+442079460000")
    evening = datetime(2026, 5, 4, 20, 30, tzinfo=UTC)
    found = await explain(sources, "camp-1", "order-1", evening, NOW)
    assert codes(found) == ["recipient_hours_closed"]
    # London opens at 07:00 UTC, the campaign only at 13:00.
    assert found["next_open"] == "2026-05-05T13:00:00Z"


async def test_the_recipients_hours_can_be_switched_off(mirror: Mirror, configured: Callable[..., Sources]) -> None:
    mirror.order("order-1", e164="+442079460000")
    evening = datetime(2026, 5, 4, 20, 30, tzinfo=UTC)
    free = configured(calling_rules={"enabled": False})
    assert codes(await explain(free, "camp-1", "order-1", evening, NOW)) == []


async def test_hours_that_meet_only_while_one_country_has_changed_its_clocks(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign(schedule={"mon": {"start": "16:30", "end": "17:00"}})
    mirror.order("order-1", e164="+442079460000")
    found = await explain(sources, "camp-1", "order-1", NOW, NOW)
    assert found["next_open"] == "2026-10-26T20:30:00Z"


async def test_hours_that_never_meet_have_no_next_opening(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign(schedule={"mon": {"start": "12:00", "end": "13:00"}})
    mirror.order("order-1", e164="+81312345678")
    found = await explain(sources, "camp-1", "order-1", NOW, NOW)
    assert found["next_open"] is None


async def test_an_order_that_waits_is_next_dialled_when_its_time_comes_in_open_hours(
    mirror: Mirror, sources: Sources
) -> None:
    mirror.order("order-1", status="scheduled", scheduled_at=NIGHT)
    found = await explain(sources, "camp-1", "order-1", NOW, NOW)
    assert codes(found) == ["order_waiting"]
    assert (found["reasons"][0]["until"], found["next_open"]) == ("2026-05-05T03:00:00Z", "2026-05-05T13:00:00Z")


async def test_an_order_that_no_time_frees_has_no_next_opening(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1", status="do-not-call", dialable=False)
    found = await explain(sources, "camp-1", "order-1", NOW, NOW)
    assert (codes(found), found["next_open"]) == (["do_not_call"], None)


async def test_a_campaigns_own_reasons_stand_before_those_of_the_order(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign(status="paused")
    mirror.order("order-1", status="contacted", dialable=False)
    found = await explain(sources, "camp-1", "order-1", NOW, NOW)
    assert codes(found) == ["campaign_not_active", "order_not_dialable"]


async def test_an_order_may_be_named_by_the_start_of_only_its_uuid(mirror: Mirror, sources: Sources) -> None:
    for order in ("order-11", "order-12", "other-2"):
        mirror.order(order)
    assert (await explain(sources, "camp-1", "other", NOW, NOW))["order"] == "other-2"
    with pytest.raises(NotFoundError, match="several orders of the campaign start with 'order-1'"):
        await explain(sources, "camp-1", "order-1", NOW, NOW)


async def test_an_order_of_another_campaign_is_not_found(mirror: Mirror, sources: Sources) -> None:
    mirror.campaign("camp-2", name="Other", schedule=HOURS)
    mirror.order("order-2", "camp-2")
    for order in ("order-2", "order-9"):
        with pytest.raises(NotFoundError, match=order):
            await explain(sources, "camp-1", order, NOW, NOW)


async def test_the_guarded_time_before_closing_is_a_reason_and_no_closed_window(
    mirror: Mirror, configured: Callable[..., Sources]
) -> None:
    mirror.order("order-1")
    at = datetime(2026, 5, 4, 20, 58, tzinfo=UTC)
    guarded = configured(schedule={"last_call_before_close": "3m"})
    found = await explain(guarded, "camp-1", None, at, NOW)
    assert codes(found) == ["window_closed"]
    assert "schedule.last_call_before_close" in found["reasons"][0]["detail"]
    assert found["reasons"][0]["until"] == "2026-05-05T13:00:00Z"
    assert (found["open"], found["next_open"], found["next_change"]) == (
        True,
        "2026-05-04T20:58:00Z",
        "2026-05-04T21:00:00Z",
    )


async def test_a_first_call_that_the_ramp_keeps_back_says_when_it_is_due(
    mirror: Mirror, configured: Callable[..., Sources]
) -> None:
    mirror.order("order-1")
    mirror.campaign(schedule={"mon": {"start": "10:00", "end": "17:00"}})
    ramped = configured(schedule={"opening_ramp": "24h"}, limits={"phone_calls_per_second": 0.01})
    found = await explain(ramped, "camp-1", None, NOW, NOW)
    assert codes(found) == ["rate_limited"]
    assert "schedule.opening_ramp" in found["reasons"][0]["detail"]
    assert "2026-05-04T14:00:00Z" < found["reasons"][0]["until"] < "2026-05-04T16:00:00Z"


async def test_an_order_whose_person_was_called_often_waits_until_that_is_long_enough_ago(
    mirror: Mirror, sources: Sources
) -> None:
    mirror.order("order-1")
    for number, hours in enumerate((20, 4, 3)):
        mirror.order(f"other-{number}", "camp-1")
        at = NOW - timedelta(hours=hours)
        mirror.attempt(f"job-{number}", f"other-{number}", state=State.FINISHED, at=at, begun_at=at)
    found = await explain(sources, "camp-1", "order-1", NOW, NOW)
    assert codes(found) == ["recent_attempt"]
    assert found["reasons"][0]["detail"].endswith("(retries.person_per_day)")
    assert found["reasons"][0]["until"] == found["next_open"] == "2026-05-04T18:00:00Z"


async def test_an_order_waits_for_the_gap_after_a_call_of_another_one(
    mirror: Mirror, configured: Callable[..., Sources]
) -> None:
    mirror.order("order-1")
    mirror.order("order-2")
    begun = NOW - timedelta(minutes=50)
    mirror.attempt("job-2", "order-2", state=State.UNCERTAIN, at=begun, begun_at=begun)
    found = await explain(configured(), "camp-1", "order-1", NOW, NOW)
    assert (codes(found), found["next_open"]) == (["recent_attempt"], "2026-05-04T14:10:00Z")
    free = configured(retries={"person_gap": "30m"})
    assert codes(await explain(free, "camp-1", "order-1", NOW, NOW)) == []


async def test_each_attempt_is_explained_by_what_allowed_it(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.attempt("job-1", "order-1", state=State.FINISHED, decision={"timezone": "America/New_York"})
    found = await explain(sources, "camp-1", "order-1", NOW, NOW)
    assert [one["decision"] for one in found["attempts"]] == [{"timezone": "America/New_York"}]
