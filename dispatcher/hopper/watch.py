"""Looking at the hopper: who it is, what its clock says, what has been claimed, how deep it is."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from redis import exceptions
from redis.asyncio import Redis

from dispatcher.errors import TransientError
from dispatcher.hopper import keys
from dispatcher.hopper.census import Census
from dispatcher.hopper.connection import translated
from dispatcher.hopper.inventory import Inventory
from dispatcher.hopper.layout import Failover
from dispatcher.hopper.servers import Hopper, apart, at, shards

_IDLE_BATCH = 1000
_SHARD_TIMEOUT_S = 1.0
"""A shard that hangs must not keep the others waiting."""

_KEEPING = {
    "role": "master",
    "connected_slaves": "0",
    "master_replid2": "0",  # forty of them, which the client takes for a number
    "aof_enabled": "1",
    "aof_last_write_status": "ok",
}
_SYNCING = {"appendfsync": "always", "no-appendfsync-on-rewrite": "no"}
"""What a server tells and is set to that forgets nothing that it has acknowledged."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Server:
    """A Redis that answers, and what of its settings endangers calls; the name of a single one is empty."""

    name: str
    version: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Depth:
    """How many entries of a phone nobody has claimed, how many are claimed, and since when the oldest waits (UTC)."""

    ready: int
    claimed: int
    oldest_ready_at: datetime | None


class Watch:
    """Questions to Redis."""

    def __init__(self, hopper: Hopper, prefix: str) -> None:
        self._hopper = hopper
        self._prefix = prefix

    def inventory(self) -> Inventory:
        """Return what reads everything that there is of a phone."""
        return Inventory(self._hopper, self._prefix)

    async def times(self) -> list[datetime]:
        """Return the instants on the clocks of all servers that answer."""
        told = await self._of_each(_time)
        return [at for at in told.values() if not isinstance(at, TransientError)]

    async def census(self) -> Census:
        """Return who serves which slots. TransientError if nobody answers.

        A single server is known by the id that its process made when it started. One that may be given up for its
        replica is known by its history, too: what was in charge before, and follows and leads again, has forgotten.
        """
        told = await self._of_each(_identity if isinstance(self._hopper, Redis) else _identity_with_history)
        names = {name: None if isinstance(who, TransientError) else who for name, who in told.items()}
        return Census(tuple((first, last, names[name]) for first, last, name, _ in await shards(self._hopper)))

    async def servers(self) -> list[Server]:
        """Return who answers, each with a warning for each setting that could lose or repeat a call."""
        found = []
        for name, client in {name: client for _, _, name, client in await shards(self._hopper)}.items():
            with translated():
                info = await client.info()
                warnings = await self._warnings(client, info)
            found.append(Server(name, str(info["redis_version"]), tuple(warnings)))
        return found

    async def keeps_all(self, census: Census) -> bool:
        """Tell whether what the server of a census has acknowledged outlives its process, by what it says of itself.

        True for a single server that has no replica, was never one itself since it began, and syncs each write to disk
        before it answers: then what comes back under the same address is the same, with nothing missing. Where Sentinel
        or a cluster may put another server in its place, that is not known. TransientError if it does not answer.
        """
        if not isinstance(self._hopper, Redis):
            return False
        with translated():
            try:
                # By one connection, so that one process says it all.
                async with self._hopper.pipeline(transaction=False) as pipeline:
                    pipeline.info()
                    pipeline.config_get(*_SYNCING)
                    info, settings = await pipeline.execute()
            except exceptions.ResponseError:
                return False  # managed servers do not tell
        told = _KEEPING | {"run_id": str(census)}
        return all(str(info.get(name)) == value for name, value in told.items()) and settings == _SYNCING

    async def failover(self) -> Failover | None:
        """Return how soon a replica may be put in charge; None if there is no other server."""
        return None if isinstance(self._hopper, Redis) else await self._hopper.look_up.failover()

    async def _of_each(self, ask: Callable[[Redis], Awaitable[_T]]) -> dict[str, _T | TransientError]:
        """Ask every server the same; return what each said, by its name. TransientError if none answers."""
        clients = {name: client for _, _, name, client in await shards(self._hopper)}
        if isinstance(self._hopper, Redis):
            with translated():
                return {name: await ask(client) for name, client in clients.items()}
        answers = await asyncio.gather(*(_within(ask(client), name) for name, client in clients.items()))
        faults = [answer for answer in answers if isinstance(answer, TransientError)]
        if len(faults) == len(answers):
            raise faults[0] if faults else TransientError("no node of Redis Cluster serves any slot: assign its slots")
        return dict(zip(clients, answers, strict=True))

    async def _warnings(self, client: Redis, info: dict[str, object]) -> list[str]:
        found = []
        policy = str(info.get("maxmemory_policy", "noeviction"))
        if policy != "noeviction":
            found.append(f"Redis evicts keys when full (maxmemory-policy {policy}): set it to noeviction")
        if str(info.get("role", "master")) not in {"master", "primary"}:
            found.append("Redis is a replica: point redis.url at the primary")
        if str(info.get("aof_enabled")) == "1":
            fsync = await self._setting(client, "appendfsync")
            if fsync not in {"always", None}:
                found.append(
                    f"Redis may forget its last second (appendfsync {fsync}) and offer a begun call again:"
                    " set appendfsync always, or switch persistence off"
                )
        elif await self._setting(client, "save"):
            found.append(
                "Redis saves snapshots and may come back with an old one, offering a begun call again:"
                " switch it off (save ''), or set appendonly yes with appendfsync always"
            )
        return found

    async def _setting(self, client: Redis, name: str) -> str | None:
        try:
            return (await client.config_get(name)).get(name)
        except exceptions.ResponseError:
            return None  # managed servers do not tell; there is nothing to warn of by name

    async def idle(self, phone: str, at_least: timedelta) -> dict[str, timedelta]:
        """Return the claimed entries of a phone whose workers have been silent for so long, and how long."""
        with translated():
            try:
                client = await at(self._hopper, keys.calls(self._prefix, phone))
                pending: Any = await client.xpending_range(
                    keys.calls(self._prefix, phone),
                    keys.GROUP,
                    "-",
                    "+",
                    _IDLE_BATCH,
                    idle=int(at_least.total_seconds() * 1000),
                )
            except exceptions.ResponseError as fault:
                if str(fault).startswith(("NOGROUP", "WRONGTYPE")):
                    return {}  # the next script says that the queue is lost
                raise
        return {one["message_id"]: timedelta(milliseconds=one["time_since_delivered"]) for one in pending}

    async def silences(self, phone: str, entries: Sequence[str]) -> dict[str, timedelta]:
        """Return how long the workers of these entries have been silent; what is not claimed is left out."""
        stream = keys.calls(self._prefix, phone)
        with translated():
            async with (await at(self._hopper, stream)).pipeline(transaction=False) as pipeline:
                for entry in entries:
                    pipeline.xpending_range(stream, keys.GROUP, entry, entry, 1)
                answers = await pipeline.execute()
        found = [one for answer in answers for one in answer]
        return {one["message_id"]: timedelta(milliseconds=one["time_since_delivered"]) for one in found}

    async def entries(self, phone: str, jobs: Sequence[str]) -> dict[str, str]:
        """Return the entries of jobs by what marks them as seen, but not of those taken back or not known any more."""
        marks = [keys.seen(self._prefix, phone, job) for job in jobs]
        with translated():
            told: Any = await (await at(self._hopper, marks[0])).mget(marks) if marks else []
        return {job: seen for job, seen in zip(jobs, told, strict=True) if seen is not None and "-" in seen}

    async def forget(self, phone: str, entries: Sequence[str]) -> None:
        """Remove entries that no longer stand for a live attempt."""
        if not entries:
            return
        stream = keys.calls(self._prefix, phone)
        with translated():
            async with (await at(self._hopper, stream)).pipeline(transaction=False) as pipeline:
                pipeline.xack(stream, keys.GROUP, *entries)
                pipeline.xdel(stream, *entries)
                await pipeline.execute()

    async def phones(self) -> list[str]:
        """Return the phones that have queues."""
        with translated():
            client = await at(self._hopper, keys.phones(self._prefix))
            members: Any = await client.smembers(keys.phones(self._prefix))
        return sorted(members)

    async def documents(self, jobs: Iterable[tuple[str, str]]) -> dict[str, bool]:
        """Return for each phone's job whether its document is there, which is to say whether it can still be begun.

        One exchange with each server, however many phones there are.
        """
        there: dict[str, bool] = {}
        named = ((keys.call(self._prefix, phone, job), job) for phone, job in jobs)
        for client, some in await apart(self._hopper, named):
            with translated():
                async with client.pipeline(transaction=False) as pipeline:
                    for key in some:
                        pipeline.exists(key)
                    answers = await pipeline.execute()
            there |= {job: bool(answer) for job, answer in zip(some.values(), answers, strict=True)}
        return there

    async def depth(self, phone: str) -> Depth:
        """Return how deep a phone's queue is."""
        stream = keys.calls(self._prefix, phone)
        with translated():
            client = await at(self._hopper, stream)
            try:
                groups = await client.xinfo_groups(stream)
            except exceptions.ResponseError:
                return Depth(0, 0, None)  # no stream yet
            group = next((one for one in groups if one["name"] == keys.GROUP), None)
            if group is None:
                return Depth(0, 0, None)
            length = await client.xlen(stream)
            unread: Any = await client.xrange(stream, min=f"({group['last-delivered-id']}", count=1)
        oldest = datetime.fromtimestamp(int(unread[0][0].split("-")[0]) / 1000, UTC) if unread else None
        return Depth(max(0, length - int(group["pending"])), int(group["pending"]), oldest)

    async def waiting_reports(self, phone: str) -> int:
        """Return how many reports of workers wait to be applied."""
        with translated():
            client = await at(self._hopper, keys.outcomes(self._prefix, phone))
            return int(await client.xlen(keys.outcomes(self._prefix, phone)))


async def _within(asking: Awaitable[_T], name: str) -> _T | TransientError:
    """Wait a moment for an answer, and return the fault if there is none."""
    try:
        with translated():
            return await asyncio.wait_for(asking, _SHARD_TIMEOUT_S)
    except TimeoutError:
        return TransientError(f"Redis at {name} does not answer")
    except TransientError as fault:
        return TransientError(f"{fault} ({name})")


async def _time(client: Redis) -> datetime:
    seconds, microseconds = await client.time()
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)


async def _identity(client: Redis) -> str:
    return str((await client.info("server"))["run_id"])


async def _identity_with_history(client: Redis) -> str:
    info = await client.info("server", "replication")
    return f"{info['run_id']}:{info['master_replid']}"
