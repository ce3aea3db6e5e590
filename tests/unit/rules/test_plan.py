from datetime import date
from typing import Any

import pytest

from dispatcher.model.reasons import Code
from dispatcher.rules.plan import NO_DAYS_OFF, made_again, make_plan, make_plans
from tests.unit.rules.things import a_campaign, a_phone, a_plan


def test_a_complete_campaign_has_a_week_a_zone_a_phone_and_nothing_against_it() -> None:
    plan = a_plan()
    assert plan.standing == ()
    assert plan.week is not None
    assert plan.zone is not None
    assert plan.zone.key == "Europe/Berlin"
    assert plan.phone == a_phone()


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"fault": "name is null"}, Code.CAMPAIGN_INVALID, "malformed: name is null"),
        ({"listed": False}, Code.MIRROR_STALE, "no longer lists the campaign"),
        ({"status": "paused"}, Code.CAMPAIGN_NOT_ACTIVE, "is paused, not active"),
        ({"status": ""}, Code.CAMPAIGN_NOT_ACTIVE, "is without a status, not active"),
        ({"type": "inbound"}, Code.CAMPAIGN_NOT_OUTBOUND, "is inbound, not outbound"),
        ({"type": ""}, Code.CAMPAIGN_NOT_OUTBOUND, "is without a type, not outbound"),
        ({"schedule": None}, Code.NO_SCHEDULE, "schedule"),
        ({"schedule": {"mon": {"start": "17:00", "end": "9"}}}, Code.SCHEDULE_INVALID, "mon"),
        ({"timezone": None}, Code.NO_TIMEZONE, "zone"),
        ({"timezone": "Mars/Olympus"}, Code.TIMEZONE_UNKNOWN, "Mars/Olympus"),
        ({"phone": None}, Code.NO_PHONE, "no outbound phone"),
        ({"phone": "phone_9"}, Code.PHONE_UNKNOWN, "lists no phone phone_9"),
        ({"assistant": None}, Code.NO_ASSISTANT, "no outbound assistant"),
    ],
)
def test_each_thing_that_is_missing_or_wrong_stands_against_it(changes: dict[str, Any], code: Code, said: str) -> None:
    (reason,) = a_plan(**changes).standing
    assert reason.code is code
    assert said in reason.detail
    assert reason.until is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fault": "number is null"}, "document of phone phone_1 is malformed: number is null"),
        ({"status": "pending"}, "+16054440129 is pending, not active"),
        ({"status": ""}, "+16054440129 is without a status, not active"),
    ],
)
def test_a_phone_that_is_not_active_stands_against_it(changes: dict[str, str], said: str) -> None:
    (reason,) = a_plan(a_phone(**changes)).standing
    assert reason.code is Code.PHONE_NOT_ACTIVE
    assert said in reason.detail


def test_a_phone_that_is_listed_no_more_stands_against_it() -> None:
    (reason,) = a_plan(a_phone(listed=False)).standing
    assert reason.code is Code.PHONE_UNKNOWN
    assert "no longer lists phone phone_1" in reason.detail


def test_everything_that_stands_against_it_is_told_at_once() -> None:
    plan = make_plan(
        a_campaign(status="closed", type="inbound", schedule=None, timezone=None, phone=None, assistant=None), {}
    )
    assert [reason.code for reason in plan.standing] == [
        Code.CAMPAIGN_NOT_ACTIVE,
        Code.CAMPAIGN_NOT_OUTBOUND,
        Code.NO_SCHEDULE,
        Code.NO_TIMEZONE,
        Code.NO_PHONE,
        Code.NO_ASSISTANT,
    ]
    assert plan.week is None
    assert plan.zone is None


@pytest.mark.parametrize("changes", [{}, {"phone": None}, {"phone": "phone_9"}, {"timezone": "Mars/Olympus"}])
def test_a_plan_that_is_made_again_is_the_same_as_long_as_the_zones_are(changes: dict[str, Any]) -> None:
    plan = a_plan(**changes)
    assert made_again(plan, NO_DAYS_OFF) == plan


def test_a_plan_that_is_made_again_takes_other_days_off() -> None:
    plan = a_plan(days_off={"campaign_1": [date(2026, 1, 12)]})
    days_off = {"campaign_1": [date(2026, 1, 13)]}
    assert made_again(plan, days_off) == a_plan(days_off=days_off) != plan


def test_campaigns_of_the_same_hours_share_one_week_and_one_zone() -> None:
    one, other = a_plan(), a_plan(uuid="campaign_2", schedule=dict(reversed(a_campaign().schedule.items())))
    assert one.week is other.week
    assert one.zone is other.zone


def test_plans_that_are_made_at_one_go_are_those_that_are_made_one_by_one() -> None:
    hours = a_campaign().schedule
    campaigns = [
        a_campaign(uuid="first", schedule=hours),
        a_campaign(uuid="alike", name="another", schedule=hours),
        a_campaign(uuid="off", schedule=hours),
        a_campaign(uuid="other_hours", schedule={"sat": {"start": "10:00", "end": "12:00"}}),
        *(
            a_campaign(uuid=f"other_{name}", schedule=hours, **{name: value})
            for name, value in (
                ("status", "paused"),
                ("type", "inbound"),
                ("timezone", "Europe/Paris"),
                ("phone", None),
                ("assistant", None),
                ("fault", "name is null"),
                ("listed", False),
            )
        ),
    ]
    days_off = {"off": [date(2026, 3, 3)]}
    phones = {a_phone().uuid: a_phone()}
    assert list(make_plans(campaigns, phones, days_off)) == [make_plan(one, phones, days_off) for one in campaigns]
    assert list(make_plans(campaigns[:3], phones)) == [make_plan(one, phones) for one in campaigns[:3]]
