from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stamina

from dispatcher.api.client import Platform as Client
from dispatcher.clock import Clock
from dispatcher.daemon.parts import assembled, opened
from dispatcher.loops.context import Context
from dispatcher.loops.from_platform.orders import Orders
from dispatcher.loops.from_platform.sync import Sync
from dispatcher.mirror import campaigns
from dispatcher.model.campaign import Campaign
from dispatcher.sandbox.server import Server
from dispatcher.settings import load
from tests.integration.sync.platform import Platform

TIMEOUT_S = 0.5


class Hand(Clock):
    """A wall clock that a test sets; what is measured stays real."""

    at = datetime(2026, 3, 2, 10, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def forward(self, **passed: float) -> None:
        self.at += timedelta(**passed)


@dataclass
class Mirror:
    """A mirror of one platform: passes over it, and what it holds."""

    platform: Platform
    context: Context
    clock: Hand
    sync: Sync
    orders: Orders

    async def campaigns(self) -> dict[str, Campaign]:
        return (await self.context.database.read(campaigns.load))[0]

    def accepting(self) -> Sync:
        """Return passes that believe every removal."""
        return Sync(self.context, accept_removals=True)


@asynccontextmanager
async def mirroring(platform: Platform, folder: Path, database_url: str | None = None) -> AsyncIterator[Mirror]:
    """Mirror a platform, over a socket, into an empty database."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server(platform))
        values = {
            "DISPATCHER_DATABASE__URL": database_url or f"sqlite:///{folder / 'mirror.db'}",
            "DISPATCHER_SYNC__PASS_TIMEOUT": "20s",
        }
        settings, clock = load(None, values), Hand()
        database = await opened(settings, stack)
        client = Client(server.url, "token", timedelta(seconds=TIMEOUT_S), clock)
        context = assembled(settings, clock, database, client, stack, epoch=0, nudge=lambda _loop: None)
        yield Mirror(platform, context, clock, Sync(context), Orders(context))


@pytest.fixture
async def mirror(tmp_path: Path) -> AsyncIterator[Mirror]:
    async with mirroring(Platform(), tmp_path) as made:
        yield made


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    """Lets every repeat come without a wait."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield
