"""The servers of a hopper: one, or those that Sentinel or a cluster has put in charge.

Whoever has a command for a key asks `at` for the client to send it by; `apart` sorts many keys by their servers. The
keys of a phone share a slot, so that whatever is done to one phone is done on one server.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from redis.asyncio import Redis

from dispatcher.errors import TransientError
from dispatcher.hopper.address import Host
from dispatcher.hopper.layout import SLOTS, LookUp

_T = TypeVar("_T")


class Servers:
    """Clients of one kind, made by `connect` from a URL, for the servers that a look-up finds."""

    def __init__(self, look_up: LookUp, connect: Callable[[str], Redis]) -> None:
        self.look_up = look_up
        self._connect = connect
        self._clients: dict[Host, Redis] = {}

    async def at(self, key: str) -> Redis:
        """Return the client for a key. TransientError if nobody knows of a server for it."""
        client = await self.find(key)
        if client is None:
            raise TransientError(f"no node of Redis Cluster serves the slot of {key}: assign its slots")
        return client

    async def find(self, key: str) -> Redis | None:
        """Return the client for a key; None if nobody serves its slot."""
        host = (await self.look_up.layout()).server(key)
        return None if host is None else self._client(host)

    async def shards(self) -> list[tuple[int, int, str, Redis]]:
        """Return each range of slots with its server, by name and by client."""
        layout = await self.look_up.layout()
        return [(first, last, f"{host[0]}:{host[1]}", self._client(host)) for first, last, host in layout.ranges]

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()
        await self.look_up.aclose()

    def _client(self, host: Host) -> Redis:
        if host not in self._clients:
            self._clients[host] = self._connect(self.look_up.address.server(host))
        return self._clients[host]


Hopper = Redis | Servers
"""A client to one server, or to several."""


async def at(hopper: Hopper, key: str) -> Redis:
    """Return the client for a key."""
    return hopper if isinstance(hopper, Redis) else await hopper.at(key)


async def apart(hopper: Hopper, named: Iterable[tuple[str, _T]]) -> list[tuple[Redis, dict[str, _T]]]:
    """Sort keys, each with something of the caller's, by the client that each is for; those without are left out."""
    if isinstance(hopper, Redis):
        return [(hopper, dict(named))]
    found: dict[Redis, dict[str, _T]] = {}
    for key, value in named:
        if (client := await hopper.find(key)) is not None:
            found.setdefault(client, {})[key] = value
    return list(found.items())


async def shards(hopper: Hopper) -> list[tuple[int, int, str, Redis]]:
    """Return each range of slots with its server, by name and by client; the name of a single server is empty."""
    return [(0, SLOTS - 1, "", hopper)] if isinstance(hopper, Redis) else await hopper.shards()
