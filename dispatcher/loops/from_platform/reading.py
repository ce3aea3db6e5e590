"""One list of the platform, read into the mirror.

Pages are written as they come: what a page says of a thing holds, whatever becomes of the rest of the list. What a
list does not say is another matter: a thing that is missing is asked for by name before anything is concluded.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dispatcher.api.listing import READINGS
from dispatcher.api.parse import Parsed, Unreadable
from dispatcher.api.sheets import Sheet, Sheets
from dispatcher.errors import TransientError
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.loops.from_platform.counts import Counts
from dispatcher.mirror import campaigns
from dispatcher.mirror.campaigns import Found
from dispatcher.mirror.changes import REFUSED, Change
from dispatcher.mirror.database import Connection
from dispatcher.rules.listing import ASKED_AT_MOST, Reading, removal_refused

log = logger(__name__)

_AT_ONCE = 1000
"""Things in one transaction."""

_MOST_CHANGES = 200
"""Changes of one kind that a pass writes down one by one; the rest is only counted."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the platform's lists of things: how to read one, and how to ask for one by name."""

    name: str  # campaigns or phones, on the platform and in the mirror
    parse: Callable[[Any], Parsed[Any] | Unreadable]
    ask: Callable[[str], Awaitable[dict[str, Any] | None]]


@dataclass(slots=True)
class Made:
    """What a pass has done to one kind so far."""

    counts: Counts = field(default_factory=Counts)
    changes: list[Change] = field(default_factory=list)
    added: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    touched: bool = False  # something was written


class TooMuchMissingError(TransientError):
    """A list that is a part of all, or did not stand still, lacks more than can be asked for by name."""


class Reader:
    """Reads one list into the mirror; `made` is filled as it goes, so that it holds also when the reading fails."""

    def __init__(self, context: Context, kind: Kind, made: Made, *, accept_removals: bool) -> None:
        self._context = context
        self._kind = kind
        self._made = made
        self._accept_removals = accept_removals
        self._mirrored: dict[str, str] = {}  # uuid: digest
        self._waiting: list[Found] = []
        self._writing: asyncio.Future[None] | None = None
        self._unreadable: list[str] = []

    async def read(self, sheets: Sheets, judged: Collection[str] | None) -> None:
        """Read the list; of the things in `judged`, or all that the mirror has if None, those missing are looked into.

        TooMuchMissingError if more is missing than can be asked for by name, and the list is not a whole one of all.
        """
        self._mirrored = await self._context.database.read(campaigns.digests, self._kind.name)
        listed: set[str] = set()
        reading = Reading()
        async with self._writer():
            for _ in range(READINGS):
                reading = await self._read_once(sheets)
                listed |= reading.listed
                if reading.whole:
                    listed = reading.listed
                    break
            missing = [uuid for uuid in (list(self._mirrored) if judged is None else judged) if uuid not in listed]
            if len(missing) > ASKED_AT_MOST and not (reading.whole and judged is None):
                raise TooMuchMissingError(
                    f"the platform's list of {self._kind.name} shifted in each of {READINGS} readings, and too much of"
                    " it is missing to be asked for by name; what is missing was left as it was"
                )
            gone, refusal = await self._look_into(missing, len(listed))
        await self._conclude(gone, refusal)
        self._made.counts.unchanged += len(listed - self._made.added - self._made.changed)

    async def _read_once(self, sheets: Sheets) -> Reading:
        """Read the list up to its end, or to where it is seen to have shifted."""
        reading = Reading()
        self._unreadable = []
        async with aclosing(sheets.read()) as pages:
            async for number, sheet in pages:
                entries = list(sheet.entries())
                reading.take(sheet.size, sheet.total, [uuid for uuid, _ in entries])
                same = sheet.size == len(entries) and all(
                    self._mirrored.get(uuid) == digest for uuid, digest in entries
                )
                if not same:
                    await self._take(sheet if sheet.things is not None else await sheets.one(number, anew=True))
                if reading.drifted:
                    break
        return reading

    async def _take(self, sheet: Sheet) -> None:
        """Read the things of a page that differ from the mirror, and those that cannot be named."""
        for uuid, digest, thing in sheet.things or ():
            if uuid is None or self._mirrored.get(uuid) != digest:
                self._note(self._kind.parse(thing))
        if len(self._waiting) >= _AT_ONCE:
            await self._flush()

    def _note(self, found: Parsed[Any] | Unreadable) -> None:
        """Have a thing written, if it is news."""
        if isinstance(found, Unreadable):
            self._unreadable.append(found.why)
            return
        uuid = found.thing.uuid
        before = self._mirrored.get(uuid)
        if before == found.digest:
            return
        if before is None:
            self._made.added.add(uuid)
        elif uuid not in self._made.added:
            self._made.changed.add(uuid)
        self._mirrored[uuid] = found.digest
        self._waiting.append(Found(found.thing, found.document, found.digest))

    @asynccontextmanager
    async def _writer(self) -> AsyncIterator[None]:
        """Have everything written at the end, and whatever was read before a fault."""
        try:
            yield
        finally:
            await self._flush()
            await self._written()
            self._made.counts.added, self._made.counts.changed = len(self._made.added), len(self._made.changed)

    async def _flush(self) -> None:
        """Begin to write what waits; meanwhile the next pages are read."""
        await self._written()
        if self._waiting:
            found, self._waiting = self._waiting, []
            self._made.touched = True
            self._writing = asyncio.ensure_future(self._write(found))

    async def _written(self) -> None:
        if self._writing is not None:
            writing, self._writing = self._writing, None
            await writing

    async def _write(self, found: Sequence[Found]) -> None:
        room = max(0, _MOST_CHANGES - len(self._made.changes))
        now = self._context.clock.now()
        self._made.changes += await self._context.database.write(campaigns.put_found, self._kind.name, found, now, room)

    async def _look_into(self, missing: Sequence[str], listed: int) -> tuple[list[str], str | None]:
        """Ask for missing things by name; return those that are gone, and why that is not believed if it is not."""
        name, mirrored = self._kind.name, len(self._mirrored)
        refusal = None if self._accept_removals else removal_refused(name, len(missing), mirrored, listed)
        if refusal is not None and len(missing) > ASKED_AT_MOST:
            return list(missing), refusal
        gone = []
        for uuid in missing:
            document = await self._kind.ask(uuid)
            if document is None:
                gone.append(uuid)
            else:
                self._note(self._kind.parse(document))
        return gone, None if self._accept_removals else removal_refused(name, len(gone), mirrored, listed)

    async def _conclude(self, gone: Sequence[str], refusal: str | None) -> None:
        """Remove what is gone or, if that is not believed, see to it that nothing is dialled by it."""
        made, counts = self._made, self._made.counts
        removed = await self._context.database.write(
            _conclude, self._kind.name, gone, self._context.clock.now(), believed=refusal is None
        )
        faults = await self._context.database.read(campaigns.faults, self._kind.name)
        made.changes += removed[:_MOST_CHANGES]
        made.touched = made.touched or bool(gone)
        counts.refuse(*self._unreadable)
        counts.refuse(*(f"{self._kind.name[:-1]} {uuid}: {fault}" for uuid, fault in faults.items()))
        if refusal is None:
            counts.removed = len(gone)
        else:
            counts.refused += len(gone)
            counts.refusals.append(refusal)
            log.warning("removal refused", why=refusal)


def _conclude(connection: Connection, kind: str, gone: Sequence[str], now: datetime, *, believed: bool) -> list[Change]:
    campaigns.unlist(connection, kind, [] if believed else gone, now)
    if believed:
        return campaigns.remove(connection, kind, gone, now)
    return [Change(kind, uuid, None, REFUSED) for uuid in gone[:_MOST_CHANGES]]
