from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, select

from dispatcher.mirror.tables import campaigns, phones
from dispatcher.mirror.upsert import put
from tests.integration.mirror.things import HOUR, NOON

ALIKE: dict[str, Any] = {"digest": "d", "document": b"{}", "fault": None}


def kept(connection: Connection) -> dict[str, tuple[Any, ...]]:
    columns = (phones.c.uuid, phones.c.name, phones.c.status, phones.c.country, phones.c.mirrored_at, phones.c.fault)
    return {uuid: tuple(rest) for uuid, *rest in connection.execute(select(*columns))}


@pytest.mark.parametrize("number", [1, 2, 63, 64, 65, 512, 513, 1100])
@pytest.mark.parametrize("variety", [1, 2, 9])
def test_rows_are_written_whatever_they_have_in_common(connection: Connection, number: int, variety: int) -> None:
    chance = Random(number * 10 + variety)  # noqa: S311 (a seed that reproduces it)
    expected: dict[str, tuple[Any, ...]] = {}
    for at in (NOON, NOON + HOUR):  # the second time some are there already
        uuids = chance.sample([f"phone {place}" for place in range(2 * number)], number)
        names = [chance.choice(["O'Brien", "Zoë", "?", "%s", "%(1)s", ":a", "", "x", "y"][:variety]) for _ in uuids]
        statuses = [chance.choice(["active", "paused"][:variety]) for _ in uuids]
        countries = [chance.choice([None, "US"][:variety]) for _ in uuids]
        columns: dict[str, Any] = {"uuid": uuids, "name": names, "status": statuses, "country": countries}
        columns |= {name: [value] * number for name, value in ALIKE.items()}
        put(connection, phones, {**columns, "number": ["+12125550100"] * number}, {"mirrored_at": at})
        expected |= dict(
            zip(uuids, ((*row, at, None) for row in zip(names, statuses, countries, strict=True)), strict=True)
        )
    assert kept(connection) == expected


def test_columns_that_are_not_named_stay_as_they_are(connection: Connection) -> None:
    uuids = [f"phone {place}" for place in range(100)]
    same = {**ALIKE, "number": "+12125550100", "status": "active", "mirrored_at": NOON}
    put(connection, phones, {"uuid": uuids, "name": uuids}, {**same, "country": "US", "unlisted_at": NOON})
    put(connection, phones, {"uuid": uuids, "name": ["another"] * 100}, same)
    rows = connection.execute(select(phones.c.name, phones.c.country, phones.c.unlisted_at)).all()
    assert set(map(tuple, rows)) == {("another", "US", NOON)}


def test_numbers_and_truths_that_are_equal_to_python_are_kept_apart(connection: Connection) -> None:
    uuids = [f"campaign {place}" for place in range(100)]
    schedules = [{"mon": True if place % 3 else 1} for place in range(100)]
    same = {**ALIKE, "name": "Spring", "status": "active", "type": "outbound", "mirrored_at": NOON}
    put(connection, campaigns, {"uuid": uuids, "schedule": schedules}, same)
    found = connection.execute(select(campaigns.c.uuid, campaigns.c.schedule))
    assert {uuid: repr(schedule) for uuid, schedule in found} == dict(zip(uuids, map(repr, schedules), strict=True))
