from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from dispatcher.mirror import campaigns, record
from dispatcher.mirror.campaigns import mark_of
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.found import Found
from tests.integration.mirror.things import HOUR, NOON, put_order

CAMPAIGN = Campaign("c1", "Spring", "active", "outbound", "UTC", {"mon": {"start": "09:00"}}, "p1", "a1")
PHONE = Phone("p1", "Desk", "+16054440129", "US", "vapi", "active")


def put(connection: Connection, *found: Campaign, digest: str = "d") -> None:
    campaigns.put_found(connection, "campaigns", [Found(one, digest, b'{"more": [1]}') for one in found], NOON)


def test_what_was_put_in_comes_out(connection: Connection) -> None:
    bare = Campaign("c2", "", "", "", None, None, None, None, fault="name is null")
    put(connection, CAMPAIGN, bare)
    campaigns.put_found(connection, "phones", [Found(PHONE, "d", b"{}")], NOON)
    assert campaigns.load(connection) == ({"c1": CAMPAIGN, "c2": bare}, {"p1": PHONE})
    assert campaigns.marks(connection, "campaigns") == {"c1": mark_of("d"), "c2": mark_of("d")}


@pytest.mark.parametrize("schedule", [None, {}, [], "always", 7, {"mon": None, "söndag": ["\U0001f600"]}])
def test_a_schedule_is_kept_as_it_came(connection: Connection, schedule: Any) -> None:
    put(connection, CAMPAIGN._replace(schedule=schedule))
    assert campaigns.load(connection)[0]["c1"].schedule == schedule


def test_a_change_overwrites(connection: Connection) -> None:
    put(connection, CAMPAIGN)
    put(connection, CAMPAIGN._replace(status="paused", schedule=None), digest="e")
    found, _ = campaigns.load(connection)
    assert (found["c1"].status, found["c1"].schedule) == ("paused", None)
    assert campaigns.marks(connection, "campaigns") == {"c1": mark_of("e")}


def put_text(connection: Connection, text: bytes, digest: str) -> campaigns.Put:
    found = [Found(CAMPAIGN, digest, text)]
    return campaigns.put_found(connection, "campaigns", found, NOON, known=["c1"], recorded=9)


def test_another_order_of_fields_is_no_change(connection: Connection) -> None:
    assert put_text(connection, b'{"a": 1, "b": {"c": "\xc3\xa9", "d": null}}', "d").added == 1
    other = put_text(connection, b'{"b":{"d":null,"c":"\\u00e9"},"a":1}', "e")
    assert other == campaigns.Put(0, 0, [])
    assert campaigns.marks(connection, "campaigns") == {"c1": mark_of("e")}  # by which it is known from now on


@pytest.mark.parametrize(
    ("before", "after"), [(b"1", b"true"), (b"0", b"false"), (b"1", b"1.0"), (b'""', b"null"), (b"1e400", b"1e401")]
)
def test_what_only_python_takes_for_the_same_is_a_change(connection: Connection, before: bytes, after: bytes) -> None:
    put_text(connection, b'{"a": %s}' % before, "d")
    made = put_text(connection, b'{"a": %s}' % after, "e")
    assert (made.added, made.changed, len(made.changes)) == (0, 1, 1)


def test_a_number_that_the_language_cannot_hold_stops_nothing(connection: Connection) -> None:
    put_text(connection, b'{"a": 1}', "d")
    told = []
    for number in (b"9" * 5000, b"1e999", b"[1e999, %s]" % (b"9" * 30), b"9" * 30):
        made = put_text(connection, b'{"a": %s}' % number, number.hex()[:32])
        assert made.changed == 1
        record.add_pass(connection, record.Pass("campaigns", NOON, 1.0, True, {}, None), made.changes)
        told.append(made.changes[0].after)
    assert told == [{}, {}, {}, {"a": int(b"9" * 30)}]


def test_what_was_removed_is_gone_until_it_is_listed_again(connection: Connection) -> None:
    put(connection, CAMPAIGN, CAMPAIGN._replace(uuid="c2"))
    campaigns.put_found(connection, "phones", [Found(PHONE, "d", b"{}")], NOON)
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
    put(connection, CAMPAIGN, CAMPAIGN._replace(uuid="c2"))
    campaigns.remove(connection, "campaigns", ["c2"], NOON)
    put_order(connection, "order_1")
    assert campaigns.counts(connection) == {"campaigns": 1, "phones": 0, "orders": 1}


@pytest.mark.parametrize("later", [HOUR, timedelta(0), -HOUR])
def test_every_change_is_noticed_even_after_the_clock_was_set_back(connection: Connection, later: timedelta) -> None:
    at = NOON + later
    seen = [campaigns.version(connection)]
    campaigns.put_found(connection, "campaigns", [Found(CAMPAIGN, "d", b"{}")], NOON)
    seen.append(campaigns.version(connection))
    campaigns.put_found(connection, "phones", [Found(PHONE, "d", b"{}")], NOON)
    seen.append(campaigns.version(connection))
    campaigns.put_found(connection, "campaigns", [Found(CAMPAIGN._replace(status="paused"), "e", b"{}")], at)
    seen.append(campaigns.version(connection))
    campaigns.remove(connection, "campaigns", ["c1"], at)
    seen.append(campaigns.version(connection))
    campaigns.put_found(connection, "campaigns", [Found(CAMPAIGN, "d", b"{}")], at)
    seen.append(campaigns.version(connection))
    campaigns.remove(connection, "phones", ["p1"], at)
    seen.append(campaigns.version(connection))
    assert len(set(seen)) == len(seen)


def test_reading_a_campaigns_orders_is_remembered_and_is_no_change_of_it(connection: Connection) -> None:
    put(connection, CAMPAIGN, CAMPAIGN._replace(uuid="c2"))
    before = campaigns.version(connection)
    campaigns.orders_synced(connection, "c1", NOON)
    assert campaigns.orders_synced_at(connection) == {"c1": NOON}
    assert campaigns.version(connection) == before
    put(connection, CAMPAIGN._replace(name="Summer"))
    assert campaigns.orders_synced_at(connection) == {"c1": NOON}
