"""freezegun loses the `fold` of a repeated hour while it is in force; the rules must not notice."""

from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from dispatcher.clock import Clock
from dispatcher.rules import offsets
from dispatcher.rules.recipient import recipient_reason
from dispatcher.rules.schedule import parse_schedule
from dispatcher.rules.windows import is_open, next_change, windows
from dispatcher.rules.zones import zone
from tests.unit.rules.things import PACK

SUNDAYS = parse_schedule({"sun": {"start": "01:15", "end": "01:45"}})

# The hour from one to two in New York on 1 November 2026 comes twice; on 8 March from two to three never.
EDGES = [
    ("2026-11-01T05:14:59.999999", False, "2026-11-01T05:15"),
    ("2026-11-01T05:15:00", True, "2026-11-01T05:45"),
    ("2026-11-01T05:45:00", False, "2026-11-01T06:15"),
    ("2026-11-01T06:15:00", True, "2026-11-01T06:45"),
    ("2026-11-01T06:44:59.999999", True, "2026-11-01T06:45"),
    ("2026-11-01T06:45:00", False, "2026-11-08T06:15"),
    ("2026-03-08T06:15:00", True, "2026-03-08T06:45"),
    ("2026-03-08T07:15:00", False, "2026-03-15T05:15"),
]


@pytest.mark.parametrize(("now", "open_", "change"), EDGES)
def test_a_frozen_clock_sees_both_passes_of_a_repeated_hour(now: str, open_: bool, change: str) -> None:
    offsets._period.cache_clear()
    with freeze_time(now):
        at = Clock().now()
        assert is_open(SUNDAYS, zone("America/New_York"), at) is open_
        assert next_change(SUNDAYS, zone("America/New_York"), at) == datetime.fromisoformat(change + "+00:00")


def test_freezing_changes_no_answer() -> None:
    start = datetime(2026, 10, 30, tzinfo=UTC)
    end = start + timedelta(days=4)

    def answers() -> list[object]:
        offsets._period.cache_clear()
        place = zone("America/New_York")
        return [*windows(SUNDAYS, place, start, end), recipient_reason("+12125550100", start, PACK)]

    expected = answers()
    with freeze_time("2026-11-01T06:30:00"):
        assert answers() == expected
    assert len(expected) == 3
