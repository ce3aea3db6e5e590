from typing import Any

import pytest

from dispatcher.model.basis import basis
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.order import Order, OrderStatus

CAMPAIGN = Campaign("c", "Spring", "active", "outbound", "Europe/Berlin", {"mon": []}, "p", "a")
PHONE = Phone("p", "Desk", "+16054440129", "US", "vapi", "active")
ORDER = Order("o", "c", OrderStatus.PLANNED, "+442079460018", None, None, "r", "Ann")

# Judged by themselves, or not part of a call.
CAMPAIGN_UNUSED = {"status", "type", "fault", "listed"}
PHONE_UNUSED = {"name", "country", "status", "fault", "listed"}
ORDER_UNUSED = {"country", "fault"}


def changed(thing: Any, name: str) -> Any:
    to: dict[str, Any] = {name: OrderStatus.BUSY if name == "status" else "other"}
    return thing._replace(**to)


@pytest.mark.parametrize("name", [name for name in Campaign._fields if name not in CAMPAIGN_UNUSED])
def test_the_basis_depends_on_what_a_call_uses_of_its_campaign(name: str) -> None:
    assert basis(changed(CAMPAIGN, name), PHONE, ORDER) != basis(CAMPAIGN, PHONE, ORDER)


@pytest.mark.parametrize("name", [name for name in Phone._fields if name not in PHONE_UNUSED])
def test_the_basis_depends_on_what_a_call_uses_of_its_phone(name: str) -> None:
    assert basis(CAMPAIGN, changed(PHONE, name), ORDER) != basis(CAMPAIGN, PHONE, ORDER)


@pytest.mark.parametrize("name", [name for name in Order._fields if name not in ORDER_UNUSED])
def test_the_basis_depends_on_what_a_call_uses_of_its_order(name: str) -> None:
    assert basis(CAMPAIGN, PHONE, changed(ORDER, name)) != basis(CAMPAIGN, PHONE, ORDER)


def test_the_same_facts_have_the_same_basis() -> None:
    same = CAMPAIGN._replace(schedule={"mon": []}, status="paused", fault="x")
    assert basis(same, PHONE._replace(name="Other"), ORDER._replace(country="GB")) == basis(CAMPAIGN, PHONE, ORDER)


def test_half_a_character_has_a_basis_too() -> None:
    assert basis(CAMPAIGN, PHONE, ORDER._replace(record_name="\ud83d")) != basis(CAMPAIGN, PHONE, ORDER)
