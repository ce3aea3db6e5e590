"""Where the keys are when there are several servers: asked of Sentinels or of a cluster's nodes, once a second.

Nothing here waits for a command to be redirected. A server that is no longer in charge refuses commands or does not
answer, which is a fault like any other, and by the time that the caller tries again the new server is known.

All clients of a process share one look-up. Otherwise reports could be read from a server that has just been promoted
while the old one is asked whether it is still the same.
"""

import asyncio
import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis import exceptions
from redis.asyncio import Redis
from redis.crc import key_slot

from dispatcher.clock import Clock
from dispatcher.errors import TransientError
from dispatcher.hopper.address import Host, Several
from dispatcher.log import logger

log = logger(__name__)

SLOTS = 16384
_FRESH_S = 1.0
_SENTINEL_ASKS = timedelta(seconds=1)


def slot(key: str) -> int:
    """Return the slot of a key, by its hash tag if it has one."""
    return key_slot(key.encode())


@dataclass(frozen=True, slots=True)
class Layout:
    """Which server is in charge of which slots (first, last, server), in order; `epoch` grows with every failover."""

    epoch: int
    ranges: tuple[tuple[int, int, Host], ...]

    def server(self, key: str) -> Host | None:
        """Return the server that holds a key; None if its slot has none."""
        found = bisect_right(self.ranges, slot(key), key=lambda one: one[0]) - 1
        return self.ranges[found][2] if found >= 0 and slot(key) <= self.ranges[found][1] else None

    def servers(self) -> list[Host]:
        """Return every server in charge of something."""
        return sorted({host for _, _, host in self.ranges})


@dataclass(frozen=True, slots=True)
class Failover:
    """How long a server is silent, at the least, before another takes its place, and the setting that says so."""

    at_least: timedelta
    setting: str


class LookUp:
    """Asks the members of an address where the servers are, by clients that `connect` makes from URLs."""

    def __init__(self, address: Several, connect: Callable[[str], Redis], clock: Clock) -> None:
        self.address = address
        self._sentinel = address.kind == "sentinel"
        self._connect = connect
        self._clock = clock
        self._clients: dict[Host, Redis] = {}
        self._layout: Layout | None = None
        self._asked_at = 0.0
        self._asking = asyncio.Lock()
        self._fault: str | None = None

    async def layout(self) -> Layout:
        """Return the layout as of at most a second ago, or the last that is known. TransientError if none is."""
        if self._stale():
            async with self._asking:
                if self._stale():
                    await self._ask()
        if self._layout is None:
            names = (
                "the Sentinels, their password and the service" if self._sentinel else "the nodes and their password"
            )
            raise TransientError(
                f"{self._whom()} does not tell where Redis is ({self._fault}): check {names} in redis.url"
            )
        return self._layout

    async def failover(self) -> Failover:
        """Return how soon another server may be put in charge, by the shortest setting of all who answer."""
        if self._sentinel:
            asked, ask, setting = self.address.members, self._master, "down-after-milliseconds"
        else:
            asked, ask, setting = tuple((await self.layout()).servers()), _node_timeout, "cluster-node-timeout"
        told = await asyncio.gather(*(ask(self._client(host)) for host in asked), return_exceptions=True)
        known = [int(answer[setting]) for answer in told if isinstance(answer, dict) and setting in answer]
        if not known:
            raise TransientError(f"{self._whom()} does not tell its {setting}")
        silence = timedelta(milliseconds=min(known))
        # A Sentinel whose connection breaks counts from the last answer before that, and asks once a second. A node
        # counts from the first question that was left unanswered.
        sooner = min(_SENTINEL_ASKS, silence) if self._sentinel else timedelta(0)
        return Failover(silence - sooner, f"{setting} {min(known)}")

    async def aclose(self) -> None:
        """Close the connections to those who are asked."""
        for client in self._clients.values():
            await client.aclose()

    def _stale(self) -> bool:
        return self._layout is None or self._clock.monotonic() - self._asked_at >= _FRESH_S

    async def _ask(self) -> None:
        """Ask one member after the other until one knows no less than is known here already."""
        known = self._layout
        older: list[Layout] = []
        faults: list[str] = []
        for host in random.sample(members := self._members(), len(members)):
            try:
                told = await self._answer(host)
            except (exceptions.RedisError, OSError) as fault:
                faults.append(f"{host[0]}:{host[1]}: {str(fault) or type(fault).__name__}")
                continue
            if known is None or told.epoch >= known.epoch:
                self._note(told, None)
                return
            older.append(told)
        if older and not faults:
            # All of them have started anew and count from the beginning.
            self._note(max(older, key=lambda one: one.epoch), None)
        else:
            # A minority that was cut off still believes in the old server. Better no news than old ones.
            self._note(known, "; ".join(faults))

    def _note(self, layout: Layout | None, fault: str | None) -> None:
        if fault != self._fault and fault is not None and layout is not None:
            log.warning("nobody tells where Redis is", fault=fault)
        if layout is not None and self._layout not in {None, layout}:
            log.warning(
                "Redis is elsewhere", servers=[f"{host}:{port}" for host, port in layout.servers()], epoch=layout.epoch
            )
        self._layout, self._fault, self._asked_at = layout, fault, self._clock.monotonic()

    def _members(self) -> list[Host]:
        """Return whom to ask: of a cluster also the nodes that were found, since those of the address may be gone."""
        found = self._layout.servers() if self._layout is not None and not self._sentinel else []
        return sorted({*self.address.members, *found})

    def _client(self, host: Host) -> Redis:
        if host not in self._clients:
            self._clients[host] = self._connect(self.address.member(host))
        return self._clients[host]

    async def _answer(self, host: Host) -> Layout:
        client = self._client(host)
        if self._sentinel:
            state = await self._master(client)
            return Layout(int(state["config-epoch"]), ((0, SLOTS - 1, (str(state["ip"]), int(state["port"]))),))
        info: Any = await client.cluster("INFO")
        slots: Any = await client.cluster("SLOTS")
        # Of each range: its first and last slot, the primary's host, port and id, and the replicas in the same way. A
        # node that does not know its own host means the one that it was asked at.
        ranges = [(int(first), int(last), (told or host[0], int(port))) for first, last, (told, port, *_), *_ in slots]
        return Layout(int(info["cluster_current_epoch"]), tuple(sorted(ranges)))

    async def _master(self, client: Redis) -> dict[str, Any]:
        state: Any = await client.sentinel_master(self.address.service, return_responses=True)
        return dict(state)

    def _whom(self) -> str:
        return "Sentinel" if self._sentinel else "Redis Cluster"


async def _node_timeout(client: Redis) -> dict[str, Any]:
    told: Any = await client.config_get("cluster-node-timeout")
    return dict(told)
