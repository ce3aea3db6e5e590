"""The dispatcher's side of the queue protocol in plain commands, and what a test asks of it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio

from dispatcher.worker import Dial, Worker

NUMBER = "+4930901820"
NAME = "Erika Mustermann"


def document(job: str, phone: str = "phone-1") -> dict[str, Any]:
    return {
        "job": job,
        "attempt": 1,
        "campaignUuid": "campaign_12345",
        "campaignName": "Spring",
        "callOrderUuid": f"order_{job}",
        "recordUuid": "record_1",
        "recordName": NAME,
        "phoneUuid": phone,
        "assistantUuid": "assistant_1",
        "toPhoneNumber": NUMBER,
        "fromPhoneNumber": "+16054440129",
        "provider": "vapi",
        "instructions": None,
        "timezone": "Europe/Berlin",
        "queuedAt": "2026-11-02T09:00:00Z",
        "notAfter": "2026-11-02T17:00:00Z",
    }


class Hopper:
    """Queues calls and reads outcomes as the dispatcher would."""

    def __init__(self, url: str) -> None:
        self.redis = redis.asyncio.Redis.from_url(url, protocol=2, decode_responses=True)

    async def announce(self, phone: str) -> None:
        await self.redis.sadd("dispatcher:phones", phone)

    async def make_group(self, phone: str) -> None:
        await self.redis.xgroup_create(f"dispatcher:{{{phone}}}:calls", "dialers", id="0", mkstream=True)

    async def open(self, *phones: str) -> None:
        for phone in phones:
            await self.make_group(phone)
            await self.announce(phone)

    async def queue(self, job: str, phone: str = "phone-1", body: str | None = None) -> str:
        text = json.dumps(document(job, phone)) if body is None else body
        await self.redis.set(f"dispatcher:{{{phone}}}:call:{job}", text, px=60_000)
        return await self.queue_entry(job, phone)

    async def queue_entry(self, job: str, phone: str = "phone-1") -> str:
        fields = {
            "job": job,
            "campaign": "campaign_12345",
            "order": f"order_{job}",
            "assistant": "assistant_1",
            "not_after": str(int((time.time() + 3600) * 1000)),
        }
        id_ = await self.redis.xadd(f"dispatcher:{{{phone}}}:calls", fields)  # type: ignore[arg-type]
        return str(id_)

    async def claim(self, consumer: str, phone: str = "phone-1") -> str:
        answer: Any = await self.redis.xreadgroup("dialers", consumer, {f"dispatcher:{{{phone}}}:calls": ">"}, count=1)
        return str(answer[0][1][0][0])

    async def reports(self, phone: str = "phone-1") -> list[dict[str, str]]:
        """Everything in the outcome stream, `begun` included."""
        entries: Any = await self.redis.xrange(f"dispatcher:{{{phone}}}:outcomes")
        return [fields for _, fields in entries]

    async def outcomes(self, phone: str = "phone-1") -> list[dict[str, str]]:
        return [fields for fields in await self.reports(phone) if fields["outcome"] != "begun"]

    async def unread_or_pending(self, phone: str = "phone-1") -> int:
        return await self.redis.xlen(f"dispatcher:{{{phone}}}:calls")

    async def pending(self, phone: str = "phone-1") -> list[dict[str, Any]]:
        found: Any = await self.redis.xpending_range(
            f"dispatcher:{{{phone}}}:calls", "dialers", min="-", max="+", count=1000
        )
        return list(found)

    async def has_document(self, job: str, phone: str = "phone-1") -> bool:
        return bool(await self.redis.exists(f"dispatcher:{{{phone}}}:call:{job}"))


async def until(condition: Callable[[], Awaitable[object] | object], within_s: float = 60.0) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    deadline = time.monotonic() + within_s
    while True:
        found = condition()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def working(worker: Worker, dial: Dial) -> AsyncIterator[asyncio.Task[None]]:
    """Run a worker beside the test, and stop it at the end."""
    task = asyncio.create_task(worker.run(dial))
    try:
        yield task
    finally:
        worker.stop()
        async with asyncio.timeout(60):
            await asyncio.gather(task, return_exceptions=True)
