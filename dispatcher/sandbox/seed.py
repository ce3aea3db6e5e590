"""Generates campaigns around the world and people to call, the same for the same `random_seed` and `now`.

Generated campaigns are active, outbound and complete, each in a region of `regions` and with a phone that at most one
other campaign uses. Of the first three, whose days cover the whole day of the earth between them, one at least is open
at any instant; the others keep office hours, evenings or weekends. After them comes one campaign for each kind of
`BLOCKED`.
"""

import random
from collections import deque
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispatcher.errors import ConfigurationError
from dispatcher.sandbox.regions import REGIONS, Region
from dispatcher.sandbox.store import Document, Store, stamp

WEEKDAYS, WEEKEND = ("mon", "tue", "wed", "thu", "fri"), ("sat", "sun")


def _week(days: tuple[str, ...], start: str, end: str) -> dict[str, dict[str, str]]:
    return {day: {"start": start, "end": end} for day in days}


EVERY_DAY = _week(WEEKDAYS + WEEKEND, "08:00", "20:00")
SCHEDULES = (
    _week(WEEKDAYS, "09:00", "17:00"),
    _week(WEEKDAYS, "08:30", "19:00") | _week(WEEKEND, "10:00", "16:00"),
    _week(WEEKDAYS, "12:00", "20:30"),
    EVERY_DAY,
    _week(WEEKEND, "09:30", "18:00"),
)
COVERING = 3
"""So many of the first campaigns, in the first regions, are open every day."""

BLOCKED: dict[str, dict[str, Any]] = {
    "paused": {"status": "paused"},
    "draft": {"status": "draft"},
    "inbound": {"type": "inbound"},
    "no schedule": {"schedule": None},
    "no phone": {"outboundPhoneUuid": None},
    "unknown time zone": {"timezone": "Europe/Atlantis"},
}
"""What keeps each of the last campaigns from being dialled; it stands in the campaign's name."""

STATUSES = {
    "planned": 86,
    "registered": 4,
    "scheduled": 4,
    "contacted": 3,
    "do not call": 2,
    "canceled": 1,
}
"""Orders in a hundred."""

THEMES = (
    "Appointment reminders",
    "Solar savings",
    "Renewals",
    "Survey",
    "Event invitations",
    "Home insurance",
    "Recall",
)
FIRST_NAMES = ("Ada", "Bruno", "Chidi", "Dana", "Emre", "Freja", "Grace", "Hugo", "Ines", "Jun", "Kofi", "Lena", "Mei")
LAST_NAMES = ("Abara", "Berg", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Haddad", "Ivers", "Jones", "Kaya")
INSTRUCTIONS = (None, None, "Speak slowly.", "Ask for a good time to call back.", "A customer since 2019.")


def seed(store: Store, *, campaigns: int, orders: int, now: datetime, random_seed: int = 1) -> None:
    """Add `campaigns` campaigns that can be dialled, those of `BLOCKED`, and `orders` orders shared out among them all.

    Scheduled orders have their time from an hour before to two days after `now`. ConfigurationError if the regions in
    use have too few numbers for so many orders.
    """
    _Seeding(store, now, random_seed).run(campaigns, orders)


class _Seeding:
    """One run of the generator: its random numbers, and the numbers that are still free in each region."""

    def __init__(self, store: Store, now: datetime, random_seed: int) -> None:
        self.store = store
        self.now = now
        self.random = random.Random(random_seed)  # noqa: S311 - the same data for the same seed, no secrets
        self.free: dict[str, list[str]] = {}
        for region in REGIONS:
            self.free[region.zone] = list(region.numbers())
            self.random.shuffle(self.free[region.zone])

    def run(self, campaigns: int, orders: int) -> None:
        assistants = [self._assistant(theme) for theme in THEMES]
        phones: dict[tuple[str, int], str] = {}
        targets: deque[tuple[Document, Region]] = deque()
        for number, (blocked, changes) in enumerate([("", {})] * campaigns + list(BLOCKED.items())):
            region = REGIONS[number % len(REGIONS)]
            # A region's campaigns use its phones two by two, so that campaigns that share a phone are seen too.
            shared = (region.zone, number // len(REGIONS) // 2)
            if shared not in phones:
                phones[shared] = self._phone(region)
            at = stamp(self.now - timedelta(days=30) + timedelta(minutes=number))
            theme = THEMES[number % len(THEMES)]
            fields = {
                "uuid": self._uuid(),
                "name": f"{theme}, {_city(region)} {number + 1}" + (f" ({blocked})" if blocked else ""),
                "description": f"Generated for {region.zone}",
                "status": "active",
                "timezone": region.zone,
                "schedule": deepcopy(EVERY_DAY if number < COVERING else SCHEDULES[number % len(SCHEDULES)]),
                "outboundAssistantUuid": assistants[number % len(assistants)],
                "outboundPhoneUuid": phones[shared],
                "createdAt": at,
                "updatedAt": at,
            }
            targets.append((self.store.add_campaign(**fields | changes), region))
        self._orders(targets, orders)

    def _orders(self, targets: deque[tuple[Document, Region]], orders: int) -> None:
        """Give each campaign an order in turn; one whose region has no number left drops out."""
        made = 0
        while made < orders:
            if not targets:
                raise ConfigurationError(
                    f"The sandbox has numbers for {made} orders only in the regions of its campaigns, "
                    f"{orders} were asked for: ask for fewer orders or more campaigns."
                )
            campaign, region = targets.popleft()
            if not self.free[region.zone]:
                continue
            self._order(campaign, region)
            targets.append((campaign, region))
            made += 1

    def _order(self, campaign: Document, region: Region) -> None:
        choose = self.random.choice
        status = self.random.choices(list(STATUSES), list(STATUSES.values()))[0]
        due = self.now + timedelta(minutes=self.random.randrange(-60, 2 * 24 * 60))
        scheduled: dict[str, Any] = (
            {
                "scheduledTime": stamp(due),
                "scheduledTimeTimezone": region.zone,
                "scheduledDurationSeconds": 180,
            }
            if status == "scheduled"
            else {}
        )
        record = {
            "uuid": self._uuid(),
            "name": f"{choose(FIRST_NAMES)} {choose(LAST_NAMES)}",
            "phoneNumber": self.free[region.zone].pop(),
        }
        self.store.add_order(
            campaign["uuid"],
            uuid=f"order_{self._uuid()}",
            status=status,
            instructions=choose(INSTRUCTIONS),
            record=record,
            **scheduled,
        )

    def _phone(self, region: Region) -> str:
        at = stamp(self.now - timedelta(days=60))
        uuid: str = self.store.add_phone(
            uuid=self._uuid(),
            name=f"{_city(region)} line",
            number=self.free[region.zone].pop(),
            countryCode=region.country,
            provider="vapi",
            createdAt=at,
            updatedAt=at,
        )["uuid"]
        return uuid

    def _assistant(self, theme: str) -> str:
        uuid: str = self.store.add_assistant(uuid=self._uuid(), name=f"{theme} assistant")["uuid"]
        return uuid

    def _uuid(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))


def _city(region: Region) -> str:
    return region.zone.rpartition("/")[2].replace("_", " ")
