import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dispatcher.clock import Clock
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.server import Server
from dispatcher.sandbox.store import Store

TOKEN = "sandbox-token"
NOW = datetime(2026, 5, 4, 12, 30, 15, 250_000, tzinfo=UTC)
STAMP = "2026-05-04T12:30:15Z"


class StoppedClock(Clock):
    def now(self) -> datetime:
        return NOW


@pytest.fixture(scope="session")
def served_store() -> Store:
    return Store()


@pytest.fixture
def store(served_store: Store) -> Store:
    """What the server serves, empty at the start of each test."""
    for held in (served_store.campaigns, served_store.phones, served_store.assistants, served_store.orders):
        held.clear()
    return served_store


@pytest.fixture
def stamped() -> str:
    """The instant at which the server answers, as it writes it."""
    return STAMP


# One server for all: uvicorn takes a fifth of a second to stop. The tests that use it share its loop.
@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(served_store: Store) -> AsyncIterator[Server]:
    async with Server(create_app(served_store, TOKEN, StoppedClock())) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def api(server: Server, store: Store) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        yield client


@pytest.fixture
def document() -> Callable[[str], str]:
    """Reads an example of the provider's reference, as it is printed there."""
    return lambda name: (Path(__file__).parent / "documents" / f"{name}.json").read_text(encoding="utf-8").strip()


@pytest.fixture
def printed() -> Callable[[httpx.Response], str]:
    """Prints an answer as the reference does, with its own order of properties."""

    def print_(answer: httpx.Response) -> str:
        body: Any = answer.json()
        return json.dumps(body, indent=2, ensure_ascii=False)

    return print_
