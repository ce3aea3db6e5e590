"""The real command as a process, the platform's stand-in over HTTP, and a dialer of four plain Redis commands."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError

from dispatcher.clock import Clock
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.server import Server
from dispatcher.sandbox.store import Store
from tests.waiting import eventually

TOKEN = "a-token-of-the-sandbox"
OPERATOR = "an-operator-of-the-daemon"
ALWAYS = {day: {"start": "00:00", "end": "24:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
COMMAND = [sys.executable, "-m", "dispatcher"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Platform:
    """The sandbox with one campaign that is always open, unless it is told otherwise."""

    def __init__(self) -> None:
        self.store = Store()
        self.server = Server(create_app(self.store, TOKEN, Clock()))
        self.phone = self.store.add_phone(number="+16054440129", name="Main", status="active", provider="vapi")["uuid"]
        self.assistant = self.store.add_assistant(name="Ava")["uuid"]

    async def stop(self) -> None:
        """Be gone."""
        await self.server.stop()

    async def back(self) -> None:
        """Be there again, at the same address."""
        self.server = Server(create_app(self.store, TOKEN, Clock()), port=self.server.port)
        await self.server.start()

    def campaign(self, orders: int = 0, **fields: Any) -> str:
        """Add a campaign that is open at any hour, with so many planned orders."""
        values = {
            "name": "Always",
            "status": "active",
            "type": "outbound",
            "timezone": "UTC",
            "schedule": ALWAYS,
            "outboundPhoneUuid": self.phone,
            "outboundAssistantUuid": self.assistant,
        } | fields
        uuid = str(self.store.add_campaign(**values)["uuid"])
        self.orders(uuid, orders)
        return uuid

    def orders(self, campaign: str, count: int, start: int = 0) -> list[str]:
        """Add planned orders, each to a number of its own."""
        added = self.store.add_orders(
            campaign, [f"+1212555{place:04d}" for place in range(start, start + count)], status="planned"
        )
        return [order["uuid"] for order in added]

    def change(self, campaign: str, **fields: Any) -> None:
        self.store.update_campaign(campaign, fields, Clock().now())


class Daemon:
    """`dispatcher run` as a process."""

    def __init__(self, folder: Path, platform_url: str, redis_url: str, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")},
            "DISPATCHER_API__BASE_URL": platform_url,
            "DISPATCHER_API__TOKEN": TOKEN,
            "DISPATCHER_DATABASE__URL": f"sqlite:///{folder / 'dispatcher.db'}",
            "DISPATCHER_REDIS__URL": redis_url,
            "DISPATCHER_SYNC__INTERVAL": "500ms",
            "DISPATCHER_SYNC__ORDERS_INTERVAL": "500ms",
            "DISPATCHER_LIMITS__PHONE_CALLS_PER_SECOND": "500",
            "DISPATCHER_HOPPER__LEASE": "3s",
            "DISPATCHER_CALLING_RULES__ENABLED": "false",
            "DISPATCHER_HTTP__BIND": f"127.0.0.1:{self.port}",
            "DISPATCHER_HTTP__TOKEN": OPERATOR,
            "DISPATCHER_LOG__FORMAT": "json",
            **settings,
        }
        self._process: asyncio.subprocess.Process | None = None
        self._log = folder / "daemon.log"

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *COMMAND, "run", env=self.environment, stdout=log, stderr=log, cwd=self.folder
            )

    async def up(self) -> None:
        """Start it and wait until it says that it is ready."""
        await self.start()
        await eventually(self.ready, what="the daemon to be ready")

    def send(self, number_: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number_)

    async def ended(self, within_s: float = 60.0) -> int:
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), within_s)

    async def stop(self) -> None:
        """Stop it in the ordinary way if it still runs, whatever the test did to it, and hold it to its bound."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                assert await self.ended() == 0, self.log()
            finally:
                if self._process.returncode is None:
                    self._process.kill()

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Run another command with the same configuration; return its exit code, output and errors."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *arguments,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self.folder,
        )
        output, errors = await asyncio.wait_for(process.communicate(), 60)
        return await process.wait(), output.decode(), errors.decode()

    async def json(self, *arguments: str) -> Any:
        """Run a command and read its one JSON document, whatever its exit code."""
        _, output, errors = await self.command(*arguments, "-o", "json")
        assert output, errors
        return json.loads(output)

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url) as client:
            return await client.get(path)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {OPERATOR}"}) as client:
            return await client.post(path, json=body)

    async def ready(self) -> bool:
        """Tell whether the daemon says that it is ready."""
        try:
            return (await self.get("/readyz")).status_code == 200
        except httpx.HTTPError:
            return False

    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""


class RawDialer:
    """A dialer of four plain Redis commands, and a telephone log of the calls that it has begun."""

    def __init__(self, redis_url: str, phone: str, outcome: str = "completed", call_s: float = 0.0) -> None:
        self.redis = Redis.from_url(redis_url, decode_responses=True, protocol=3)
        self.calls, self.outcomes = f"dispatcher:{{{phone}}}:calls", f"dispatcher:{{{phone}}}:outcomes"
        self.prefix = f"dispatcher:{{{phone}}}:call:"
        self.outcome, self.call_s = outcome, call_s
        self.begun: list[dict[str, Any]] = []
        self.gone: list[str] = []
        self.stopped = False

    async def claim(self, block_ms: int = 200) -> tuple[str, dict[str, str]] | None:
        """Step 1."""
        found: Any = await self.redis.xreadgroup("dialers", "raw", {self.calls: ">"}, count=1, block=block_ms)
        if not found:
            return None
        [[[entry]]] = found.values()
        return str(entry[0]), dict(entry[1])

    async def take(self, job: str) -> dict[str, Any] | None:
        """Step 2: the point of no return."""
        document = await self.redis.getdel(self.prefix + job)
        if document is None:
            self.gone.append(job)
            return None
        call: dict[str, Any] = json.loads(document)
        self.begun.append(call)
        return call

    async def finish(self, entry: str, job: str, outcome: str) -> None:
        """Step 4."""
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.xadd(self.outcomes, {"job": job, "entry": entry, "outcome": outcome})
            pipeline.xack(self.calls, "dialers", entry)
            pipeline.xdel(self.calls, entry)
            await pipeline.execute()

    async def dial_one(self) -> dict[str, Any] | None:
        claimed = await self.claim()
        if claimed is None:
            return None
        entry, fields = claimed
        call = await self.take(fields["job"])
        await asyncio.sleep(self.call_s if call else 0)
        await self.finish(entry, fields["job"], self.outcome if call else "gone")
        return call

    async def run(self) -> None:
        """Dial until stopped, whatever happens to Redis."""
        while not self.stopped:
            try:
                await self.dial_one()
            except RedisError:
                await asyncio.sleep(0.05)

    async def documents(self) -> list[str]:
        """The calls that could be begun now."""
        return [key async for key in self.redis.scan_iter(self.prefix + "*")]

    async def close(self) -> None:
        await self.redis.aclose()


@asynccontextmanager
async def dialing(*dialers: RawDialer) -> AsyncIterator[None]:
    """Let dialers run for as long as the block lasts."""
    tasks = [asyncio.create_task(dialer.run()) for dialer in dialers]
    try:
        yield
    finally:
        for dialer in dialers:
            # A cancellation that meets the end of a command may be taken for a fault of Redis, and be lost.
            dialer.stopped = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
