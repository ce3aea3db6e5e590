"""An account on a sandbox, a database and a Redis, and the real command as a process."""

import asyncio
import json
import logging
import os
import sys
import zoneinfo
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner

from dispatcher.cli import main
from dispatcher.clock import Clock
from dispatcher.daemon.once import sync_once
from dispatcher.rules import zones
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.server import Server
from dispatcher.sandbox.store import Store
from dispatcher.settings import load

TOKEN = "token-of-the-account"
OPEN = "11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
SHUT = "22222222-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
PHONE = "9z8y7x6w-5v4u-3t2s-1r0q-9p8o7n6m5l4k"
ORDER = "order_1"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """Standard output, which must be one JSON document."""
        return json.loads(self.stdout)


@dataclass(slots=True)
class Site:
    """Everything that the commands are pointed at; a setting in `changes` takes the place of its own."""

    folder: Path
    store: Store
    settings: dict[str, str]
    changes: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a command."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")}
        return kept | self.settings | self.changes

    async def run(self, *arguments: str) -> Ended:
        """Run a command to its end on a thread of this process, which spares it the second of loading everything."""
        unset: dict[str, str | None] = dict.fromkeys(name for name in os.environ if name.startswith("DISPATCHER_"))
        invoke = partial(CliRunner().invoke, main, list(arguments), env=unset | self.settings | self.changes)
        result = await asyncio.to_thread(invoke, prog_name="dispatcher")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    async def spawn(self, *arguments: str) -> Ended:
        """Run a command to its end as a process, as people do."""
        async with self.started(*arguments) as process:
            stdout, stderr = await asyncio.wait_for(process.communicate(), timeout=60)
        assert process.returncode is not None
        return Ended(process.returncode, stdout.decode(), stderr.decode())

    @asynccontextmanager
    async def started(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Start a command, and end it if it has not ended by itself."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dispatcher", *arguments),
            env=self.environment,
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()

    async def sync(self) -> None:
        """Fill the mirror, in this process."""
        assert (await sync_once(load(None, self.settings), None))["ok"]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Undo what a command does to the whole process: where logs go, and where zones are read from."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()
    zones.names.cache_clear()
    zones.zones.cache_clear()


@pytest.fixture
async def site(tmp_path: Path, redis_url: str) -> AsyncIterator[Site]:
    store = Store()
    store.add_phone(uuid=PHONE, number="+33140000001", countryCode="FR")
    complete = {"status": "active", "timezone": "Europe/Paris", "outboundPhoneUuid": PHONE}
    complete |= {"outboundAssistantUuid": store.add_assistant()["uuid"]}
    always = {day: {"start": "00:00", "end": "24:00"} for day in DAYS}
    store.add_campaign(uuid=OPEN, name="Always open", schedule=always, **complete)
    store.add_campaign(uuid=SHUT, name="Without hours", **complete)
    store.add_order(OPEN, "+33612345678", uuid=ORDER)
    async with Server(create_app(store, TOKEN, Clock())) as server:
        yield Site(
            tmp_path,
            store,
            {
                "DISPATCHER_API__BASE_URL": server.url,
                "DISPATCHER_API__TOKEN": TOKEN,
                "DISPATCHER_DATABASE__URL": f"sqlite:///{tmp_path}/mirror.db",
                "DISPATCHER_REDIS__URL": redis_url,
                "DISPATCHER_CALLING_RULES__ENABLED": "false",
            },
        )


@pytest.fixture
async def mirrored(site: Site) -> Site:
    """A site whose mirror has been filled."""
    await site.sync()
    return site
