import struct
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise

import pytest

from dispatcher.rules import offsets
from dispatcher.rules.offsets import EPOCH, second_of, stretch
from dispatcher.rules.zones import names, zone

SHIFTY = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Boa_Vista",
    "America/Havana",
    "America/New_York",
    "America/Noronha",
    "America/Santiago",
    "Antarctica/Casey",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Australia/Lord_Howe",
    "Europe/Amsterdam",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Kwajalein",
]


@cache
def written_changes(name: str) -> tuple[tuple[int, int, int], ...]:
    """Return the changes of offset that the zone's file spells out: the second, the offset before and after it.

    The format is RFC 9636: a block with 32-bit times, then the same with 64-bit times, which is read here.
    """
    data = files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    isut, isstd, leaps, times, types, chars = struct.unpack(">6l", data[20:44])
    at = 44 + times * 5 + types * 6 + chars + leaps * 8 + isstd + isut
    _, _, _, times, types, _ = struct.unpack(">6l", data[at + 20 : at + 44])
    at += 44
    instants = struct.unpack(f">{times}q", data[at : at + 8 * times])
    indices = data[at + 8 * times : at + 9 * times]
    kinds = [struct.unpack_from(">l", data, at + 9 * times + 6 * kind)[0] for kind in range(types)]
    afters = [kinds[index] for index in indices]
    befores = [kinds[0], *afters]
    return tuple(
        (second, before, after)
        for second, before, after in zip(instants, befores, afters, strict=False)
        if before != after
    )


def test_no_two_changes_of_a_zone_are_so_close_that_a_step_could_miss_them() -> None:
    for name in names():
        seconds = [second for second, _, _ in written_changes(name)]
        assert all(later - earlier > 2 * offsets._STEP for earlier, later in pairwise(seconds))


@pytest.mark.parametrize("name", SHIFTY)
def test_every_written_change_is_found_at_its_second(name: str) -> None:
    place, changes = zone(name), written_changes(name)
    assert changes
    for second, before, after in changes:
        assert stretch(place, second - 1) == (before, second)
        assert stretch(place, second)[0] == after


@pytest.mark.parametrize("name", SHIFTY)
def test_nothing_else_is_taken_for_a_change(name: str) -> None:
    place, changes = zone(name), {second for second, _, _ in written_changes(name)}
    second, last = min(changes) - 1, max(changes)
    offset, end = stretch(place, second)
    found = set()
    while second < last:
        second, before = end, offset
        offset, end = stretch(place, second)
        if offset != before:
            found.add(second)
    assert found == changes


@pytest.mark.parametrize("edge", [-1, 0, 1])
def test_a_change_at_the_edge_of_a_kept_period_is_found(edge: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # London's change of 29 March 2026 at 01:00, made to fall beside and upon the end of a period.
    change = second_of(datetime(2026, 3, 29, 1, tzinfo=UTC))
    monkeypatch.setattr(offsets, "_PERIOD", change + edge)
    offsets._period.cache_clear()
    london = zone("Europe/London")
    assert stretch(london, change - 2)[0] == stretch(london, change - 1)[0] == 0
    assert stretch(london, change)[0] == stretch(london, change + 1)[0] == 3600
    offsets._period.cache_clear()


@pytest.mark.parametrize(
    ("at", "second"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 0, 0, 0, 999999, tzinfo=UTC), 0),
        (datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), -1),
        (EPOCH + timedelta(days=20000), 20000 * 86400),
    ],
)
def test_an_instant_lies_in_the_second_that_began_before_it(at: datetime, second: int) -> None:
    assert second_of(at) == second
