from collections import Counter
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from phonenumbers.timezone import time_zones_for_number

from dispatcher.errors import ConfigurationError
from dispatcher.sandbox.regions import REGIONS, Region
from dispatcher.sandbox.seed import BLOCKED, STATUSES, seed
from dispatcher.sandbox.store import Document, Store

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def seeded(campaigns: int = 20, orders: int = 2000, random_seed: int = 1) -> Store:
    store = Store()
    seed(store, campaigns=campaigns, orders=orders, now=NOW, random_seed=random_seed)
    return store


def complete(store: Store) -> list[Document]:
    return [campaign for campaign in store.campaigns.values() if "(" not in campaign["name"]]


def orders(store: Store) -> list[Document]:
    return [order for held in store.orders.values() for order in held.values()]


def is_open(campaign: Document, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(campaign["timezone"]))
    hours = campaign["schedule"].get(DAYS[local.weekday()])
    return hours is not None and (time.fromisoformat(hours["start"]) <= local.time() < time.fromisoformat(hours["end"]))


def test_the_same_seed_gives_the_same_data() -> None:
    one, same, other = seeded(), seeded(), seeded(random_seed=2)
    assert vars(one) == vars(same)
    assert vars(one) != vars(other)


def test_makes_as_many_as_asked_for_and_those_that_are_blocked() -> None:
    store = seeded(campaigns=20, orders=2000)
    assert len(complete(store)) == 20
    assert len(store.campaigns) == 20 + len(BLOCKED)
    assert len(orders(store)) == 2000
    assert all(store.orders.values())


def test_campaigns_that_are_not_blocked_can_be_dialled() -> None:
    store = seeded()
    for campaign in complete(store):
        assert (campaign["status"], campaign["type"]) == ("active", "outbound")
        assert campaign["schedule"]
        assert campaign["timezone"] in {region.zone for region in REGIONS}
        assert store.phones[campaign["outboundPhoneUuid"]]["status"] == "active"
        assert campaign["outboundAssistantUuid"] in store.assistants


def test_each_way_of_being_blocked_occurs_once() -> None:
    *_, paused, draft, inbound, unscheduled, phoneless, nowhere = seeded().campaigns.values()
    assert paused["status"] == "paused"
    assert draft["status"] == "draft"
    assert inbound["type"] == "inbound"
    assert unscheduled["schedule"] is None
    assert phoneless["outboundPhoneUuid"] is None
    assert nowhere["timezone"] == "Europe/Atlantis"


@pytest.mark.parametrize("first", [datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 7, 6, tzinfo=UTC)])
@pytest.mark.parametrize("campaigns", [3, 20])
def test_some_are_open_and_some_closed_at_any_moment_of_a_week(first: datetime, campaigns: int) -> None:
    made = complete(seeded(campaigns=campaigns, orders=0))
    for quarter in range(7 * 24 * 4):
        at = first + quarter * timedelta(minutes=15)
        assert {is_open(campaign, at) for campaign in made} == {True, False}, at


def test_numbers_are_unique_phones_included() -> None:
    store = seeded()
    numbers = [order["record"]["phoneNumber"] for order in orders(store)]
    numbers += [phone["number"] for phone in store.phones.values()]
    assert len(set(numbers)) == len(numbers)


def test_numbers_are_valid_and_of_the_campaigns_zone() -> None:
    store = seeded()
    for campaign in complete(store):
        for order in store.orders[campaign["uuid"]].values():
            number = phonenumbers.parse(order["record"]["phoneNumber"])
            assert phonenumbers.is_valid_number(number)
            assert time_zones_for_number(number) == (campaign["timezone"],)


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.zone)
def test_every_range_of_a_region_is_valid_and_of_its_zone_and_country(region: Region) -> None:
    numbers = list(region.numbers())
    assert len(numbers) == len(set(numbers)) == len(region.prefixes) * 10**region.digits
    every = len(region.prefixes)
    tried = numbers[:every] + numbers[-every:] + numbers[:: max(1, len(numbers) // 200)]
    for text in tried:
        number = phonenumbers.parse(text)
        assert phonenumbers.is_valid_number(number), text
        assert time_zones_for_number(number) == (region.zone,), text
        assert phonenumbers.region_code_for_number(number) == region.country, text


def test_most_orders_are_planned_and_every_status_occurs() -> None:
    found = Counter(order["status"] for order in orders(seeded()))
    assert set(found) == set(STATUSES)
    assert found["planned"] > 0.8 * found.total()


def test_scheduled_orders_and_they_alone_have_their_time() -> None:
    for order in orders(seeded()):
        assert (order["scheduledTime"] is not None) == (order["status"] == "scheduled")
        if order["scheduledTime"] is not None:
            due = datetime.fromisoformat(order["scheduledTime"])
            assert NOW - timedelta(hours=1) <= due < NOW + timedelta(days=2)


def test_at_most_two_campaigns_share_a_phone() -> None:
    used = Counter(campaign["outboundPhoneUuid"] for campaign in complete(seeded(campaigns=70, orders=0)))
    assert max(used.values()) == 2


def test_more_orders_than_numbers_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"numbers for \d+ orders only"):
        seeded(campaigns=1, orders=100_000)
