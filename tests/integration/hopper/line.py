"""One phone's queue from both sides: the dispatcher's scripts, and a worker's plain commands."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dispatcher.hopper import connection, keys
from dispatcher.hopper.outcomes import Outcomes
from dispatcher.hopper.queue import Finding, Queue, QueuedCall
from dispatcher.hopper.watch import Watch

PREFIX = "test"
PHONE = "phone-1"
LEASE = timedelta(seconds=30)


def in_time() -> datetime:
    return datetime.now(UTC) + LEASE


def too_late() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=1)


class Line:
    """A phone's queue, held by the dispatcher of epoch 5."""

    def __init__(self, url: str, phone: str = PHONE) -> None:
        self.url = url
        self.phone = phone
        self.redis = connection.writer(url)
        self.reader = connection.reader(url, 1.0)
        self.queue = Queue(self.redis, PREFIX, 5)
        self.watch = Watch(self.redis, PREFIX)
        self.outcomes = Outcomes(self.redis, self.reader, PREFIX)
        self.calls = keys.calls(PREFIX, phone)

    async def close(self) -> None:
        await self.redis.aclose()
        await self.reader.aclose()

    # The dispatcher's side.

    async def enqueue(self, *jobs: str, expires_at: datetime | None = None) -> list[str | None]:
        calls = [
            QueuedCall(
                job,
                "campaign",
                "order",
                "assistant",
                in_time(),
                expires_at or in_time(),
                b"document of " + job.encode(),
            )
            for job in jobs
        ]
        return await self.queue.enqueue(self.phone, calls)

    async def take_back(self, job: str = "job", *, may_be_new: bool = False) -> Finding:
        return (await self.queue.take_back(self.phone, {job: may_be_new}))[job]

    async def renew(self, job: str = "job", until: datetime | None = None) -> bool:
        return (await self.queue.renew(self.phone, {job: until or in_time()}))[job]

    # A worker's side.

    async def claim(self, worker: str = "worker", *, noack: bool = False) -> tuple[str, dict[str, str]] | None:
        answer: Any = await self.redis.xreadgroup(keys.GROUP, worker, {self.calls: ">"}, count=1, noack=noack)
        return answer[self.calls][0][0] if answer else None

    async def getdel(self, job: str = "job") -> str | None:
        found: Any = await self.redis.getdel(keys.call(PREFIX, self.phone, job))
        return None if found is None else str(found)

    async def finish(self, entry: str, job: str = "job", outcome: str = "completed", **fields: str) -> None:
        report: Any = {"job": job, "entry": entry, "outcome": outcome, **fields}
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.xadd(keys.outcomes(PREFIX, self.phone), report)
            pipeline.xack(self.calls, keys.GROUP, entry)
            pipeline.xdel(self.calls, entry)
            await pipeline.execute()

    # What is there.

    async def document(self, job: str = "job") -> str | None:
        found: Any = await self.redis.get(keys.call(PREFIX, self.phone, job))
        return None if found is None else str(found)

    async def expire(self, job: str = "job") -> None:
        """Let a document run out, as time would."""
        assert await self.redis.delete(keys.call(PREFIX, self.phone, job)) == 1

    async def seen(self, job: str = "job") -> str | None:
        found: Any = await self.redis.get(keys.seen(PREFIX, self.phone, job))
        return None if found is None else str(found)

    async def entries(self) -> list[str]:
        found: Any = await self.redis.xrange(self.calls)
        return [fields["job"] for _, fields in found]

    async def pending(self) -> int:
        found: Any = await self.redis.xpending(self.calls, keys.GROUP)
        return int(found["pending"])
