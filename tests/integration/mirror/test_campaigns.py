from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from dispatcher.mirror import campaigns
from dispatcher.mirror.campaigns import Found, mark_of
from dispatcher.model.campaign import Campaign, Phone
from tests.integration.mirror.things import HOUR, NOON, put_order

CAMPAIGN = Campaign("c1", "Spring", "active", "outbound", "UTC", {"mon": {"start": "09:00"}}, "p1", "a1")
PHONE = Phone("p1", "Desk", "+16054440129", "US", "vapi", "active")


def put(connection: Connection, *found: Campaign, digest: str = "d") -> None:
    campaigns.put_found(
        connection, "campaigns", [Found(one, {"uuid": one.uuid, "more": [1]}, digest) for one in found], NOON
    )


def test_what_was_put_in_comes_out(connection: Connection) -> None:
    bare = Campaign("c2", "", "", "", None, None, None, None, fault="name is null")
    put(connection, CAMPAIGN, bare)
    campaigns.put_found(connection, "phones", [Found(PHONE, {"uuid": "p1"}, "d")], NOON)
    assert campaigns.load(connection) == ({"c1": CAMPAIGN, "c2": bare}, {"p1": PHONE})
    assert campaigns.marks(connection, "campaigns") == {"c1": mark_of("d"), "c2": mark_of("d")}


@pytest.mark.parametrize("schedule", [None, {}, [], "always", 7, {"mon": None, "söndag": ["\U0001f600"]}])
def test_a_schedule_is_kept_as_it_came(connection: Connection, schedule: Any) -> None:
    put(connection, replace(CAMPAIGN, schedule=schedule))
    assert campaigns.load(connection)[0]["c1"].schedule == schedule


def test_a_change_overwrites(connection: Connection) -> None:
    put(connection, CAMPAIGN)
    put(connection, replace(CAMPAIGN, status="paused", schedule=None), digest="e")
    found, _ = campaigns.load(connection)
    assert (found["c1"].status, found["c1"].schedule) == ("paused", None)
    assert campaigns.marks(connection, "campaigns") == {"c1": mark_of("e")}


def test_what_was_removed_is_gone_until_it_is_listed_again(connection: Connection) -> None:
    put(connection, CAMPAIGN, replace(CAMPAIGN, uuid="c2"))
    campaigns.put_found(connection, "phones", [Found(PHONE, {}, "d")], NOON)
    campaigns.remove(connection, "campaigns", ["c1"], NOON)
    campaigns.remove(connection, "phones", ["p1"], NOON)
    found, phones = campaigns.load(connection)
    assert set(found) == {"c2"}
    assert phones == {}
    assert campaigns.marks(connection, "phones") == {}
    put(connection, CAMPAIGN)
    assert set(campaigns.load(connection)[0]) == {"c1", "c2"}


def test_nothing_put_in_changes_nothing(connection: Connection) -> None:
    before = campaigns.version(connection)
    put(connection)
    campaigns.remove(connection, "campaigns", [], NOON)
    assert campaigns.version(connection) == before


def test_everything_is_counted_that_is_not_removed(connection: Connection) -> None:
    put(connection, CAMPAIGN, replace(CAMPAIGN, uuid="c2"))
    campaigns.remove(connection, "campaigns", ["c2"], NOON)
    put_order(connection, "order_1")
    assert campaigns.counts(connection) == {"campaigns": 1, "phones": 0, "orders": 1}


@pytest.mark.parametrize("later", [HOUR, timedelta(0), -HOUR])
def test_every_change_is_noticed_even_after_the_clock_was_set_back(connection: Connection, later: timedelta) -> None:
    at = NOON + later
    seen = [campaigns.version(connection)]
    campaigns.put_found(connection, "campaigns", [Found(CAMPAIGN, {}, "d")], NOON)
    seen.append(campaigns.version(connection))
    campaigns.put_found(connection, "phones", [Found(PHONE, {}, "d")], NOON)
    seen.append(campaigns.version(connection))
    campaigns.put_found(connection, "campaigns", [Found(replace(CAMPAIGN, status="paused"), {}, "e")], at)
    seen.append(campaigns.version(connection))
    campaigns.remove(connection, "campaigns", ["c1"], at)
    seen.append(campaigns.version(connection))
    campaigns.put_found(connection, "campaigns", [Found(CAMPAIGN, {}, "d")], at)
    seen.append(campaigns.version(connection))
    campaigns.remove(connection, "phones", ["p1"], at)
    seen.append(campaigns.version(connection))
    assert len(set(seen)) == len(seen)


def test_reading_a_campaigns_orders_is_remembered_and_is_no_change_of_it(connection: Connection) -> None:
    put(connection, CAMPAIGN, replace(CAMPAIGN, uuid="c2"))
    before = campaigns.version(connection)
    campaigns.orders_synced(connection, "c1", NOON)
    assert campaigns.orders_synced_at(connection) == {"c1": NOON}
    assert campaigns.version(connection) == before
    put(connection, replace(CAMPAIGN, name="Summer"))
    assert campaigns.orders_synced_at(connection) == {"c1": NOON}
