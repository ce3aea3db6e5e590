"""Claiming calls: never more than can be begun at once, from every phone in turn.

A consumer reads only what nobody has read (`>`). It never reads its own history again (`0`) and never takes over the
entries of others (XAUTOCLAIM): whoever claims an entry may answer `gone`, which the dispatcher takes as proof that
nobody began the call. Had another worker taken the document before it died, the nil that follows would be a false
proof, and the person would be called twice. What dies with its worker is the dispatcher's to take back. For the same
reason the consumer's name is new with each start.
"""

import asyncio
import secrets
import socket
from collections.abc import Mapping, Sequence
from os import getpid
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from dispatcher.clock import Clock
from dispatcher.errors import TransientError
from dispatcher.hopper import keys
from dispatcher.hopper.servers import Hopper, apart, at
from dispatcher.log import logger
from dispatcher.worker.connection import LATE_S, translated
from dispatcher.worker.steps import Entry

BLOCK_S = 1.0
"""The longest blocking read; a new phone is noticed, and a stop obeyed, within about this time."""

_REFRESH_S = 1.0
"""How often the set of phones is read, and how long a phone without a group is left aside."""

_PAUSE_S = 0.25
"""The wait when there is no phone to read at all."""

_SHORTEST_BLOCK_S = 0.1

_SHARED_BLOCK_S = 0.25
"""The longest blocking read of each of several servers."""

_HUNG_S = 10.0
"""How long the phones of a server are left aside that did not answer in time: each try costs the others that time."""

_log = logger(__name__)


def new_consumer() -> str:
    """Return a consumer name that no process, this one included, has used before."""
    return f"{socket.gethostname()}-{getpid()}-{secrets.token_hex(4)}"


class Claims:
    """Claims calls for one consumer from all phones, or from `only` those given."""

    def __init__(self, hopper: Hopper, prefix: str, consumer: str, only: Sequence[str] | None, clock: Clock) -> None:
        self._hopper = hopper
        self._prefix = prefix
        self._consumer = consumer
        self._only = None if only is None else sorted(set(only))
        self._clock = clock
        self._phones: list[str] = self._only or []
        self._refreshed: float | None = None
        self._aside: dict[str, float] = {}
        self._turn = 0
        self._round = 0
        self._round_began = 0.0

    async def some(self, free: int) -> list[Entry]:
        """Claim at most `free` (at least 1) calls and return them; an empty list after up to `BLOCK_S` of waiting.

        XREADGROUP gives up to COUNT entries *of each* stream. So with fewer free places than phones only as many
        phones as there are places are read, in turn, without blocking until a whole round has found nothing.
        """
        phones = await self._readable()
        if not phones:
            await self._clock.sleep(_PAUSE_S)
            return []
        size = min(free, len(phones))
        start = self._turn % len(phones)
        chosen = (phones[start:] + phones[:start])[:size]
        self._turn = start + size
        entries = await self._read(chosen, count=free // size, block_s=self._patience(size, len(phones)))
        if entries:
            self._round = 0
        return entries

    def _patience(self, size: int, phones: int) -> float | None:
        """Return how long the next read may block: None for not at all.

        After an empty round in parts the wait is as long as the round was, so that a busy worker among many idle phones
        spends at most half its time on asking.
        """
        if size == phones:
            self._round = 0
            return BLOCK_S
        now = self._clock.monotonic()
        if self._round == 0:
            self._round_began = now
        self._round += size
        if self._round < phones:
            return None
        self._round = 0
        return min(BLOCK_S, max(_SHORTEST_BLOCK_S, now - self._round_began))

    async def _readable(self) -> list[str]:
        """Return the phones that have a queue, but for those whose group is missing just now."""
        now = self._clock.monotonic()
        if self._only is None and (self._refreshed is None or now - self._refreshed >= _REFRESH_S):
            self._phones = await self._named()
            self._refreshed = now
        self._aside = {phone: until for phone, until in self._aside.items() if until > now}
        return [phone for phone in self._phones if phone not in self._aside]

    async def _named(self) -> list[str]:
        """Return the phones that have a queue; of several servers the one that tells may be away, and others not."""
        try:
            with translated("reading the set of phones"):
                client = await at(self._hopper, keys.phones(self._prefix))
                async with asyncio.timeout(None if isinstance(self._hopper, Redis) else LATE_S):
                    return sorted(str(phone) for phone in await client.smembers(keys.phones(self._prefix)))
        except TransientError as fault:
            if isinstance(self._hopper, Redis) or not self._phones:
                raise
            _log.warning("set of phones not read", fault=str(fault))
            return self._phones

    async def _read(self, phones: list[str], *, count: int, block_s: float | None) -> list[Entry]:
        """Claim from the phones' streams, from all servers at once; one that fails is left aside if others do not."""
        streams = [(keys.calls(self._prefix, phone), phone) for phone in phones]
        if isinstance(self._hopper, Redis):
            return await self._read_from(self._hopper, dict(streams), count, block_s)
        # What is claimed on one server waits here for the others, so that they may not block for long.
        block_s = None if block_s is None else min(block_s, _SHARED_BLOCK_S)
        reads = {
            asyncio.create_task(self._read_from(client, some, count, block_s)): list(some.values())
            for client, some in await apart(self._hopper, streams)
        }
        if not reads:
            raise TransientError("No node of Redis Cluster serves any slot of these phones: assign its slots.")
        try:
            await asyncio.wait(reads, timeout=(block_s or 0.0) + LATE_S)
            return self._found(reads)
        finally:
            for read in reads:
                read.cancel()

    def _found(self, reads: Mapping[asyncio.Task[list[Entry]], list[str]]) -> list[Entry]:
        """Return what the reads have claimed. The fault of one, if none has come to a good end."""
        now = self._clock.monotonic()
        entries: list[Entry] = []
        faults: list[BaseException] = []
        for read, phones in reads.items():
            fault = read.exception() if read.done() else TransientError("One of the servers of Redis does not answer.")
            if fault is None:
                entries += read.result()
                continue
            faults.append(fault)
            if isinstance(fault, TransientError):
                self._aside.update(dict.fromkeys(phones, now + (_REFRESH_S if read.done() else _HUNG_S)))
        fatal = [fault for fault in faults if not isinstance(fault, TransientError)]
        if not entries and (fatal or len(faults) == len(reads)):
            raise (fatal or faults)[0]
        if faults:
            _log.warning("phones left aside", fault=str(faults[0]), servers=len(faults))
        return entries

    async def _read_from(
        self, client: Redis, streams: Mapping[str, str], count: int, block_s: float | None
    ) -> list[Entry]:
        """Claim from the streams (with their phones) of one server."""
        with translated("claiming calls"):
            try:
                answer: Any = await client.xreadgroup(
                    keys.GROUP,
                    self._consumer,
                    dict.fromkeys(streams, ">"),
                    count=count,
                    block=None if block_s is None else int(block_s * 1000),
                )
            except ResponseError as error:
                if not str(error).startswith(("NOGROUP", "WRONGTYPE")):
                    raise
                await self._leave_aside(client, list(streams.values()))
                return []
        entries = []
        for stream, items in answer or []:
            for id_, fields in items:
                if "job" in fields:
                    not_after = fields.get("not_after", "")
                    entries.append(
                        Entry(streams[stream], id_, fields["job"], int(not_after) if not_after.isdecimal() else None)
                    )
                else:
                    # Nobody can begin it; it stays pending for the dispatcher to see.
                    _log.error("entry without job", phone=streams[stream], entry=id_)
        return entries

    async def _leave_aside(self, client: Redis, phones: list[str]) -> None:
        """Set those phones aside for a moment that have no stream with a group, so that they keep no others waiting.

        Making the group is left to the dispatcher, which knows from where it must start.
        """
        pipeline = client.pipeline(transaction=False)
        for phone in phones:
            pipeline.xinfo_groups(keys.calls(self._prefix, phone))
        found = await pipeline.execute(raise_on_error=False)
        until = self._clock.monotonic() + _REFRESH_S
        for phone, groups in zip(phones, found, strict=True):
            if isinstance(groups, Exception) or all(group["name"] != keys.GROUP for group in groups):
                _log.warning("group missing", phone=phone, group=keys.GROUP)
                self._aside[phone] = until
