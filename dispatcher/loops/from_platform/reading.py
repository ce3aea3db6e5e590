"""One list of the platform, read into the mirror.

Pages are written as they come: what a page says of a thing holds, whatever becomes of the rest of the list. What a
list does not say is another matter: a thing that is missing is asked for by name before anything is concluded.

A part of all is settled when the mirror holds what all of its pages say and nothing is left to ask. As long as nobody
has written to the mirror since, its pages that are the same need not be compared with the mirror, nor the mirror be
read. A list of all always is: somebody may have changed the database by hand, and told nobody.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from dispatcher.api.document import Glance, glance
from dispatcher.api.listing import READINGS
from dispatcher.api.parse import Unreadable
from dispatcher.api.sheets import Sheet, Sheets
from dispatcher.errors import TransientError
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.loops.from_platform.behind import Behind
from dispatcher.loops.from_platform.counts import Counts
from dispatcher.mirror import campaigns
from dispatcher.mirror.campaigns import mark_of
from dispatcher.mirror.changes import REFUSED, Change
from dispatcher.mirror.database import Connection
from dispatcher.model.found import Found
from dispatcher.rules.listing import ASKED_AT_MOST, Reading, removal_refused

log = logger(__name__)

_AT_ONCE = 1024
"""Things that are worth a transaction: a few hundredths of a second."""

_MOST_AT_ONCE = 2048
"""Things in one transaction at most, where the disk is slower than the platform: nobody else may write meanwhile."""

_MOST_CHANGES = 200
"""Changes of one kind that a pass writes down one by one; the rest is only counted."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the platform's lists of things: how to read one, and how to ask for one by name."""

    name: str  # campaigns or phones, on the platform and in the mirror
    parse: Callable[[Glance], Found[Any] | Unreadable]
    ask: Callable[[str], Awaitable[bytes | None]]


@dataclass(slots=True)
class Made:
    """What a pass has done to one kind so far."""

    counts: Counts = field(default_factory=Counts)
    changes: list[Change] = field(default_factory=list)
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
        self._mirrored: dict[str, int] | None = None  # uuid: mark; None as long as nothing had to be compared
        self._settled = False  # nobody has written to the mirror since the list was settled
        self._waiting: dict[str, Found[Any]] = {}  # to be written; of one that is listed twice the later counts
        self._changed: set[str] = set()  # those of them that the mirror has had before
        self._writing = Behind()
        self._unreadable: list[str] = []
        self._replaced = False  # a page was read again, and may not be the one any more that was counted

    async def read(
        self, sheets: Sheets, lacking: Callable[[Connection, Collection[str]], list[str]] | None = None
    ) -> None:
        """Read the list, and look into what it lacks: of the mirror's things, or of a part of them by `lacking`.

        TooMuchMissingError if more is missing than can be asked for by name, and the list is not a whole one of all.
        """
        database, name = self._context.database, self._kind.name
        if lacking is not None and sheets.settled is not None:
            self._settled = sheets.settled == await database.read(campaigns.stand, name)
        listed: set[str] = set()
        is_whole = False
        async with self._writer():
            for _ in range(READINGS):
                reading = await self._read_once(sheets)
                if reading is None:
                    return await self._count_refused()
                is_whole = reading.whole
                listed = reading.listed if is_whole else listed | reading.listed
                if is_whole:
                    break
            if lacking is None:
                missing = [uuid for uuid in await self._known() if uuid not in listed]
            else:
                missing = await database.read(lacking, listed)
            if len(missing) > ASKED_AT_MOST and not (is_whole and lacking is None):
                raise TooMuchMissingError(
                    f"the platform's list of {name} shifted in each of {READINGS} readings, and too much of"
                    " it is missing to be asked for by name; what is missing was left as it was"
                )
            gone, refusal = await self._look_into(missing, len(listed))
        await self._conclude(gone, refusal)
        counts = self._made.counts
        counts.unchanged += max(0, len(listed) - counts.added - counts.changed)
        if is_whole and not missing and not self._unreadable and not self._replaced:
            sheets.settled = await database.read(campaigns.stand, name)
        return None

    async def _read_once(self, sheets: Sheets) -> Reading | None:
        """Read the list up to its end, or to where it is seen to have shifted; None if it is settled and the same."""
        reading = Reading()
        settled, self._settled = self._settled, False
        same: list[Sheet] | None = [] if settled else None  # so far all pages are
        self._unreadable = []
        async with aclosing(sheets.read()) as pages:
            async for number, sheet in pages:
                if same is not None:
                    if sheet.things is None:
                        same.append(sheet)
                        continue
                    for earlier in same:
                        reading.take(earlier.size, earlier.total, earlier.named())
                    same = None
                reading.take(sheet.size, sheet.total, sheet.named())
                if not settled or sheet.things is not None:
                    await self._compare(number, sheet, sheets)
                if reading.drifted:
                    break
        if same is None:
            return reading
        self._made.counts.unchanged += sum(sheet.size for sheet in same)
        return None

    async def _known(self) -> dict[str, int]:
        """Return the marks of what the mirror has, by uuid."""
        if self._mirrored is None:
            self._mirrored = await self._context.database.read(campaigns.marks, self._kind.name)
        return self._mirrored

    async def _compare(self, number: int, sheet: Sheet, sheets: Sheets) -> None:
        """Read the things of a page that differ from the mirror, and those that cannot be named."""
        mirrored = await self._known()
        if sheet.things is None:
            entries = list(sheet.entries())
            if len(entries) == sheet.size and all(mirrored.get(uuid) == mark_of(digest) for uuid, digest in entries):
                return
            sheet = await sheets.one(number, anew=True)
            self._replaced = True
        for seen in sheet.things or ():
            self._take(seen, mirrored)
        size = _AT_ONCE if self._writing.is_idle else _MOST_AT_ONCE
        if len(self._waiting) >= size:
            await self._flush(size)

    def _take(self, seen: Glance, mirrored: dict[str, int]) -> None:
        """Read a thing and have it written, unless the mirror has it as it is."""
        mark = mark_of(seen.digest)
        before = None if seen.uuid is None else mirrored.get(seen.uuid)
        if before == mark:
            return
        found = self._kind.parse(seen)
        if isinstance(found, Unreadable):
            self._unreadable.append(found.why)
            return
        uuid = found.thing.uuid
        if before is not None:
            self._changed.add(uuid)
        mirrored[uuid] = mark
        self._waiting[uuid] = found

    @asynccontextmanager
    async def _writer(self) -> AsyncIterator[None]:
        """Have everything written at the end, and whatever was read before a fault."""
        try:
            yield
        finally:
            while self._waiting:
                await self._flush(_MOST_AT_ONCE)
            await self._writing.end()

    async def _flush(self, size: int) -> None:
        """Begin to write so many of those that wait; meanwhile the next pages are read."""
        await self._writing.end()
        uuids = list(islice(self._waiting, size))
        found = [self._waiting.pop(uuid) for uuid in uuids]
        known = self._changed.intersection(uuids)
        self._changed -= known
        self._made.touched = True
        await self._writing.begin(self._write(found, known))

    async def _write(self, found: Sequence[Found[Any]], known: Collection[str]) -> None:
        made, now = self._made, self._context.clock.now()
        room = max(0, _MOST_CHANGES - len(made.changes))
        put = await self._context.database.write(
            campaigns.put_found, self._kind.name, found, now, known=known, recorded=room
        )
        made.counts.added += put.added
        made.counts.changed += put.changed
        made.changes += put.changes

    async def _look_into(self, missing: Sequence[str], listed: int) -> tuple[list[str], str | None]:
        """Ask for missing things by name; return those that are gone, and why that is not believed if it is not."""
        name, mirrored = self._kind.name, await self._known()
        refusal = None if self._accept_removals else removal_refused(name, len(missing), len(mirrored), listed)
        if refusal is not None and len(missing) > ASKED_AT_MOST:
            return list(missing), refusal
        gone = []
        for uuid in missing:
            document = await self._kind.ask(uuid)
            if document is None:
                gone.append(uuid)
            else:
                self._take(glance(document), mirrored)
        return gone, None if self._accept_removals else removal_refused(name, len(gone), len(mirrored), listed)

    async def _conclude(self, gone: Sequence[str], refusal: str | None) -> None:
        """Remove what is gone or, if that is not believed, see to it that nothing is dialled by it."""
        made, counts = self._made, self._made.counts
        removed = await self._context.database.write(
            _conclude, self._kind.name, gone, self._context.clock.now(), believed=refusal is None
        )
        made.changes += removed[:_MOST_CHANGES]
        made.touched = made.touched or bool(gone)
        await self._count_refused()
        if refusal is None:
            counts.removed = len(gone)
        else:
            counts.refused += len(gone)
            counts.refusals.append(refusal)
            log.warning("removal refused", why=refusal)

    async def _count_refused(self) -> None:
        faults = await self._context.database.read(campaigns.faults, self._kind.name)
        named = (f"{self._kind.name[:-1]} {uuid}: {fault}" for uuid, fault in faults.items())
        self._made.counts.refuse(*self._unreadable, *named)


def _conclude(connection: Connection, kind: str, gone: Sequence[str], now: datetime, *, believed: bool) -> list[Change]:
    campaigns.unlist(connection, kind, [] if believed else gone, now)
    if believed:
        return campaigns.remove(connection, kind, gone, now)
    return [Change(kind, uuid, None, REFUSED) for uuid in gone[:_MOST_CHANGES]]
