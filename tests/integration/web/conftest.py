import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from dispatcher.clock import Clock
from dispatcher.hopper.connection import writer
from dispatcher.hopper.watch import Watch
from dispatcher.mirror import brakes, campaigns, record, schema
from dispatcher.mirror.database import Database
from dispatcher.mirror.record import Pass
from dispatcher.model.brakes import Scope
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.found import Found
from dispatcher.reports.parts import Part
from dispatcher.reports.sources import Sources
from dispatcher.serving import Server
from dispatcher.settings import Bind, Settings
from dispatcher.web.deps import Deps
from dispatcher.web.server import server

TOKEN = "a-token-for-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
NOW = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
"""A Monday, 10 o'clock in New York."""


class StoppedClock(Clock):
    def now(self) -> datetime:
        return NOW


class Daemon:
    """What a daemon gives the web, on real databases; a test may change how it feels."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.parts = {"database": Part(ok=True, detail="answers")}
        self.lives = True
        self.sync_fault: Exception | None = None

    async def pause(self, scope: Scope, target: str | None, reason: str) -> bool:
        return await self.sources.database.write(brakes.place, scope, target, reason, NOW)

    async def resume(self, scope: Scope, target: str | None) -> bool:
        return await self.sources.database.write(brakes.lift, scope, target, NOW)

    async def request_sync(self, campaign: str | None) -> dict[str, Any]:
        if self.sync_fault is not None:
            raise self.sync_fault
        return {"campaigns": {"added": 1}} | ({"orders": {"of": campaign}} if campaign else {})

    def brakes(self) -> Any:
        return self.sources.database.run(brakes.current)

    def deps(self, token: str | None = TOKEN, host: str = "127.0.0.1") -> Deps:
        return Deps(
            sources=lambda: self.sources,
            clock=StoppedClock(),
            token=SecretStr(token) if token is not None else None,
            bind=Bind(host, 0),
            pause=self.pause,
            resume=self.resume,
            request_sync=self.request_sync,
            health=lambda: self.parts,
            alive=lambda: self.lives,
        )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A mirror with one phone and one open campaign, that a running daemon has just read."""
    database = Database(f"sqlite:///{tmp_path / 'mirror.db'}")
    database.run_write(schema.upgrade)
    database.run_write(record.add_pass, Pass("campaigns", NOW, 0.5, ok=True, counts={}, fault=None))
    database.run_write(record.begin_epoch, "host-1", NOW)
    phone = Phone("phone-1", "Front desk", "+12125550100", "US", "x", "active")
    database.run_write(campaigns.put_found, "phones", [Found(phone, "d", b"{}")], NOW)
    put_campaign(database)
    yield database
    database.close()


def put_campaign(database: Database, uuid: str = "camp-1", **more: Any) -> None:
    facts: dict[str, Any] = {
        "name": "Spring",
        "status": "active",
        "type": "outbound",
        "timezone": "America/New_York",
        "schedule": {"mon": {"start": "09:00", "end": "17:00"}},
        "phone": "phone-1",
        "assistant": "assistant-1",
    }
    database.run_write(
        campaigns.put_found, "campaigns", [Found(Campaign(uuid=uuid, **(facts | more)), "d", b"{}")], NOW
    )
    database.run_write(campaigns.orders_synced, uuid, NOW)


@pytest.fixture
async def daemon(database: Database, redis_url: str) -> AsyncIterator[Daemon]:
    client = writer(redis_url)
    yield Daemon(Sources(Settings(), database, Watch(client, "dispatcher")))
    await client.aclose()


Serve = Callable[..., Any]


@pytest.fixture
def serve(daemon: Daemon) -> Serve:
    """Serves the daemon's web as a test wants it, and gives a client."""

    @asynccontextmanager
    async def served(**options: Any) -> AsyncIterator[httpx.AsyncClient]:
        async with server(daemon.deps(**options)) as running, httpx.AsyncClient(base_url=local(running)) as client:
            yield client

    return served


@pytest.fixture
async def client(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A client that has the token with it for nobody but who sends it."""
    async with serve() as found:
        yield found


def local(running: Server) -> str:
    return f"http://127.0.0.1:{running.port}"


async def raw(url: str, request: str) -> str:
    """Send a request as it is written and return the whole answer."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, sender = await asyncio.open_connection(host, int(port))
    sender.write(request.replace("\n", "\r\n").encode("latin-1"))
    answer = await reader.read()
    sender.close()
    return answer.decode()
