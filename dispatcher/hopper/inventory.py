"""Everything that Redis has of a phone's calls, read to be compared with SQL."""

import asyncio
from collections.abc import Collection, Iterable
from typing import Any

from redis.exceptions import RedisError

from dispatcher.hopper import keys
from dispatcher.hopper.connection import translated
from dispatcher.hopper.servers import Hopper, at
from dispatcher.rules.reconcile import Entry, Lane

_MOST = 10_000
"""Entries that are read of a stream: far more than a hopper holds, which is shallow."""

_PHONES_AT_ONCE = 20


class Inventory:
    """Reads what there is."""

    def __init__(self, hopper: Hopper, prefix: str) -> None:
        self._hopper = hopper
        self._prefix = prefix

    async def lanes(self, phones: Iterable[str], listed: Collection[str]) -> list[Lane]:
        """Return what there is of each phone; one whose keys are none of ours is left out."""
        room = asyncio.Semaphore(_PHONES_AT_ONCE)

        async def lane(phone: str) -> Lane | None:
            async with room:
                return await self._lane(phone, phone in listed)

        found = await asyncio.gather(*(lane(phone) for phone in sorted(phones)))
        return [one for one in found if one is not None]

    async def unlist(self, phone: str) -> None:
        """Take a phone off the list of those that have queues."""
        with translated():
            await (await at(self._hopper, keys.phones(self._prefix))).srem(keys.phones(self._prefix), phone)

    async def _lane(self, phone: str, listed: bool) -> Lane | None:
        calls, outcomes = keys.calls(self._prefix, phone), keys.outcomes(self._prefix, phone)
        with translated():
            async with (await at(self._hopper, calls)).pipeline(transaction=False) as pipeline:
                # In this order: a dialer that ends a call takes its entry away together with its report.
                pipeline.xrange(calls, count=_MOST)
                pipeline.xrange(outcomes, count=_MOST)
                entries, reports = await pipeline.execute(raise_on_error=False)
        answers: tuple[Any, Any] = (entries, reports)
        for answer in answers:
            if isinstance(answer, RedisError):
                if str(answer).startswith("WRONGTYPE"):
                    return None
                with translated():
                    raise answer
        return Lane(
            phone,
            listed,
            entries=tuple(Entry(id_, fields.get("job", ""), fields.get("order", "")) for id_, fields in entries),
            reported=frozenset(fields.get("job", "") for _, fields in reports),
            whole=len(entries) < _MOST and len(reports) < _MOST,
        )
