"""Campaigns, phones and orders that may be dialled, for a test to change what it is about."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.order import Order, OrderRecord, OrderStatus
from dispatcher.rules.packfile import shipped
from dispatcher.rules.plan import NO_DAYS_OFF, DaysOff, Plan, make_plan

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
"""A Monday; 13:00 in Berlin, where the campaign is open from 09:00 to 17:00, and lawful in London."""

LONDON = "+442079460018"

PACK = shipped()

WEEKDAYS = {day: {"start": "09:00", "end": "17:00"} for day in ("mon", "tue", "wed", "thu", "fri")}


def a_campaign(**changes: Any) -> Campaign:
    campaign = Campaign(
        uuid="campaign_1",
        name="Spring",
        status="active",
        type="outbound",
        timezone="Europe/Berlin",
        schedule=WEEKDAYS,
        phone="phone_1",
        assistant="assistant_1",
    )
    return campaign._replace(**changes)


def a_phone(**changes: Any) -> Phone:
    phone = Phone(uuid="phone_1", name="Desk", number="+16054440129", country="US", provider="vapi", status="active")
    return phone._replace(**changes)


def a_plan(found: Phone | None = None, days_off: DaysOff = NO_DAYS_OFF, **changes: Any) -> Plan:
    found = found or a_phone()
    return make_plan(a_campaign(**changes), {found.uuid: found}, days_off)


def an_order(**changes: Any) -> Order:
    order = Order(
        uuid="order_1",
        campaign="campaign_1",
        status=OrderStatus.PLANNED,
        number=LONDON,
        scheduled_at=None,
        instructions=None,
        record="record_1",
        record_name="Ann",
    )
    return order._replace(**changes)


def a_record(order: Order | None = None, **changes: Any) -> OrderRecord:
    return replace(OrderRecord(order=order or an_order(), digest="d", e164=LONDON), **changes)
