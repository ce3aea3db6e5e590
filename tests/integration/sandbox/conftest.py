import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

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


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def stamped() -> str:
    """The instant at which the server answers, as it writes it."""
    return STAMP


@pytest.fixture
async def server(store: Store) -> AsyncIterator[Server]:
    async with Server(create_app(store, TOKEN, StoppedClock())) as running:
        yield running


@pytest.fixture
async def api(server: Server) -> AsyncIterator[httpx.AsyncClient]:
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
