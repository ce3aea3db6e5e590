from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispatcher.mirror import campaigns, orders, record, tables
from dispatcher.mirror.database import Database
from dispatcher.mirror.record import Pass
from dispatcher.model.attempt import HOLDING, State
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.found import Found
from dispatcher.model.reasons import Reason
from dispatcher.reports.sources import Sources
from dispatcher.settings import Settings
from tests.integration.mirror.things import entry

NOW = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
"""A Monday, 10 o'clock in New York."""

HOURS = {day: {"start": "09:00", "end": "17:00"} for day in ("mon", "tue", "wed", "thu", "fri")}


class Mirror:
    """A mirror with what a test puts into it, as the daemon would have."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def phone(self, uuid: str = "phone-1", **more: Any) -> None:
        facts = {"name": "Front desk", "number": "+12125550100", "country": "US", "provider": "x", "status": "active"}
        self.database.run_write(
            campaigns.put_found, "phones", [Found(Phone(uuid=uuid, **(facts | more)), "d", b"{}")], NOW
        )

    def campaign(self, uuid: str = "camp-1", *, read_at: datetime | None = NOW, **more: Any) -> None:
        facts: dict[str, Any] = {
            "name": "Spring",
            "status": "active",
            "type": "outbound",
            "timezone": "America/New_York",
            "schedule": HOURS,
            "phone": "phone-1",
            "assistant": "assistant-1",
        }
        self.database.run_write(
            campaigns.put_found, "campaigns", [Found(Campaign(uuid=uuid, **(facts | more)), "d", b"{}")], NOW
        )
        if read_at is not None:
            self.database.run_write(campaigns.orders_synced, uuid, read_at)

    def order(self, uuid: str, campaign: str = "camp-1", *, e164: str | None = "+12125550111", **more: Any) -> None:
        self.database.run_write(orders.put_orders, [entry(uuid, e164, campaign, record_name="Ada", **more)], NOW)

    def attempt(self, job: str, order: str, *, at: datetime = NOW, state: State = State.INTENT, **more: Any) -> None:
        """Put an attempt there as it stands, whatever the order says; one that holds its order takes it."""
        facts = {
            "job": job,
            "order": order,
            "campaign": "camp-1",
            "phone": "phone-1",
            "number": "+12125550111",
            "ordinal": 1,
            "state": state.value,
            "basis": "b",
            "not_after": at + timedelta(hours=1),
            "created_at": at,
            "decision": {},
        }
        with self.database.connect(write=True) as connection:
            connection.execute(tables.attempts.insert().values(**(facts | more)))
            if state in HOLDING:
                orders.take(connection, order, job)

    def synced(self, at: datetime = NOW) -> None:
        self.database.run_write(record.add_pass, Pass("campaigns", at, 0.5, ok=True, counts={}, fault=None))

    def daemon(
        self,
        beat_at: datetime = NOW,
        conditions: dict[str, str] | None = None,
        withheld: dict[str, Reason] | None = None,
    ) -> None:
        epoch = self.database.run_write(record.begin_epoch, "host-1", beat_at)
        self.database.run_write(record.beat, epoch, conditions or {}, beat_at, withheld)


@pytest.fixture
def mirror(database: Database) -> Mirror:
    """A fresh mirror that a running daemon has read just now, with one phone and one campaign that is open."""
    found = Mirror(database)
    found.synced()
    found.daemon()
    found.phone()
    found.campaign()
    return found


@pytest.fixture
def configured(database: Database) -> Callable[..., Sources]:
    """Sources without Redis, under settings that a test gives by section."""
    return lambda **sections: Sources(Settings(**sections), database, None)


@pytest.fixture
def sources(configured: Callable[..., Sources]) -> Sources:
    return configured()
