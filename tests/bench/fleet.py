"""Campaigns to measure with: made up from a seed, so that every run has the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from dispatcher.model.campaign import Campaign, Phone
from dispatcher.rules.plan import Plan
from dispatcher.rules.schedule import DAYS, Week, parse_schedule
from dispatcher.rules.zones import names, zone

Schedule = dict[str, list[dict[str, str]]]

_PHONE = Phone("phone_1", "", "+16054440129", "US", "", "active")
_TIMETABLES = 300
"""How many different weeks the campaigns of an ordinary account keep; hours are on the quarter."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """So many campaigns: their uuids, and the schedule, week and zone of each."""

    uuids: list[str]
    schedules: list[Schedule]
    weeks: list[Week]
    zones: list[ZoneInfo]

    def timed(self) -> Iterator[tuple[str, Week, ZoneInfo]]:
        """Yield what an index of openings is made from."""
        return zip(self.uuids, self.weeks, self.zones, strict=True)

    def plans(self) -> Iterator[Plan]:
        """Yield the plan of each campaign."""
        for uuid, schedule, week, place in zip(self.uuids, self.schedules, self.weeks, self.zones, strict=True):
            campaign = Campaign(uuid, "", "active", "outbound", place.key, schedule, "phone_1", "assistant_1")
            yield Plan(campaign, _PHONE, week, place, ())


def ordinary(size: int) -> Fleet:
    """Return campaigns that keep a few hundred different weeks, in any zone of the tz database."""
    random = Random(1)  # noqa: S311 (nothing is kept secret by it)
    schedules = [_schedule(random, step=15) for _ in range(_TIMETABLES)]
    return _fleet(random, [random.choice(schedules) for _ in range(size)])


def different(size: int) -> Fleet:
    """Return campaigns of which hardly two keep the same week: the worst that an index of openings can meet."""
    random = Random(2)  # noqa: S311 (nothing is kept secret by it)
    return _fleet(random, [_schedule(random, step=1) for _ in range(size)])


def _fleet(random: Random, schedules: list[Schedule]) -> Fleet:
    places = [zone(name) for name in sorted(names())]
    weeks: dict[int, Week] = {}
    return Fleet(
        uuids=[str(UUID(int=random.getrandbits(128))) for _ in schedules],
        schedules=schedules,
        weeks=[weeks.setdefault(id(schedule), parse_schedule(schedule)) for schedule in schedules],
        zones=[random.choice(places) for _ in schedules],
    )


def _schedule(random: Random, step: int) -> Schedule:
    """Return one or two windows on five to seven days, the same on each, beginning and ending on so many minutes."""
    edges = sorted(random.sample(range(7 * 60 // step, 21 * 60 // step), 2 * random.choice((1, 1, 2))))
    times = [f"{edge * step // 60:02d}:{edge * step % 60:02d}" for edge in edges]
    windows = [{"start": start, "end": end} for start, end in zip(times[::2], times[1::2], strict=True)]
    return dict.fromkeys(DAYS[: random.randint(5, 7)], windows)
