"""Looking at the hopper: who it is, what its clock says, what has been claimed, how deep it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import exceptions
from redis.asyncio import Redis

from dispatcher.hopper import keys
from dispatcher.hopper.connection import translated

_IDLE_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Server:
    """The Redis that answers, and what of its settings endangers calls."""

    run_id: str
    version: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Depth:
    """How many entries of a phone nobody has claimed, how many are claimed, and since when the oldest waits (UTC)."""

    ready: int
    claimed: int
    oldest_ready_at: datetime | None


class Watch:
    """Questions to one Redis."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    async def time(self) -> datetime:
        """Return the instant on Redis's clock."""
        with translated():
            seconds, microseconds = await self._client.time()
        return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)

    async def run_id(self) -> str:
        """Return the id that the server process made when it started."""
        with translated():
            return str((await self._client.info("server"))["run_id"])

    async def server(self) -> Server:
        """Return who answers, with a warning for each setting that could lose or repeat a call."""
        with translated():
            info = await self._client.info()
            warnings = await self._warnings(info)
        return Server(str(info["run_id"]), str(info["redis_version"]), tuple(warnings))

    async def _warnings(self, info: dict[str, object]) -> list[str]:
        found = []
        policy = str(info.get("maxmemory_policy", "noeviction"))
        if policy != "noeviction":
            found.append(f"Redis evicts keys when full (maxmemory-policy {policy}): set it to noeviction")
        if str(info.get("role", "master")) not in {"master", "primary"}:
            found.append("Redis is a replica: point redis.url at the primary")
        if str(info.get("aof_enabled")) == "1":
            fsync = await self._setting("appendfsync")
            if fsync not in {"always", None}:
                found.append(
                    f"Redis may forget its last second (appendfsync {fsync}) and offer a begun call again:"
                    " set appendfsync always, or switch persistence off"
                )
        elif await self._setting("save"):
            found.append(
                "Redis saves snapshots and may come back with an old one, offering a begun call again:"
                " switch it off (save ''), or set appendonly yes with appendfsync always"
            )
        return found

    async def _setting(self, name: str) -> str | None:
        try:
            return (await self._client.config_get(name)).get(name)
        except exceptions.ResponseError:
            return None  # managed servers do not tell; there is nothing to warn of by name

    async def idle(self, phone: str, at_least: timedelta) -> dict[str, timedelta]:
        """Return the claimed entries of a phone whose workers have been silent for so long, and how long."""
        with translated():
            try:
                pending: Any = await self._client.xpending_range(
                    keys.calls(self._prefix, phone),
                    keys.GROUP,
                    "-",
                    "+",
                    _IDLE_BATCH,
                    idle=int(at_least.total_seconds() * 1000),
                )
            except exceptions.ResponseError as fault:
                if str(fault).startswith("NOGROUP"):
                    return {}  # the next script says that the queue is lost
                raise
        return {one["message_id"]: timedelta(milliseconds=one["time_since_delivered"]) for one in pending}

    async def silences(self, phone: str, entries: Sequence[str]) -> dict[str, timedelta]:
        """Return how long the workers of these entries have been silent; what is not claimed is left out."""
        stream = keys.calls(self._prefix, phone)
        with translated():
            async with self._client.pipeline(transaction=False) as pipeline:
                for entry in entries:
                    pipeline.xpending_range(stream, keys.GROUP, entry, entry, 1)
                answers = await pipeline.execute()
        found = [one for answer in answers for one in answer]
        return {one["message_id"]: timedelta(milliseconds=one["time_since_delivered"]) for one in found}

    async def forget(self, phone: str, entries: Sequence[str]) -> None:
        """Remove entries that no longer stand for a live attempt."""
        stream = keys.calls(self._prefix, phone)
        with translated():
            async with self._client.pipeline(transaction=False) as pipeline:
                pipeline.xack(stream, keys.GROUP, *entries)
                pipeline.xdel(stream, *entries)
                await pipeline.execute()

    async def phones(self) -> list[str]:
        """Return the phones that have queues."""
        with translated():
            members: Any = await self._client.smembers(keys.phones(self._prefix))
        return sorted(members)

    async def documents(self, phone: str, jobs: Sequence[str]) -> dict[str, bool]:
        """Return for each job whether its document is there, which is to say whether it can still be begun."""
        with translated():
            async with self._client.pipeline(transaction=False) as pipeline:
                for job in jobs:
                    pipeline.exists(keys.call(self._prefix, phone, job))
                answers = await pipeline.execute()
        return {job: bool(answer) for job, answer in zip(jobs, answers, strict=True)}

    async def depth(self, phone: str) -> Depth:
        """Return how deep a phone's queue is."""
        stream = keys.calls(self._prefix, phone)
        with translated():
            try:
                groups = await self._client.xinfo_groups(stream)
            except exceptions.ResponseError:
                return Depth(0, 0, None)  # no stream yet
            group = next((one for one in groups if one["name"] == keys.GROUP), None)
            if group is None:
                return Depth(0, 0, None)
            length = await self._client.xlen(stream)
            unread: Any = await self._client.xrange(stream, min=f"({group['last-delivered-id']}", count=1)
        oldest = datetime.fromtimestamp(int(unread[0][0].split("-")[0]) / 1000, UTC) if unread else None
        return Depth(max(0, length - int(group["pending"])), int(group["pending"]), oldest)

    async def waiting_reports(self, phone: str) -> int:
        """Return how many reports of workers wait to be applied."""
        with translated():
            return int(await self._client.xlen(keys.outcomes(self._prefix, phone)))
