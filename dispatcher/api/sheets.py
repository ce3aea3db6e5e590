"""A list as it was read last: a page that has not changed is neither decoded nor compared again.

The platform may say that a page is the same (ETag, Last-Modified); if it does not, the page's bytes do. Of each page
only the names and digests of its things are kept.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dispatcher.api.client import Platform
from dispatcher.api.document import DIGEST_LENGTH, Glance, glance
from dispatcher.api.listing import ends
from dispatcher.api.transport import Mark

_AHEAD = 3
"""Pages that are asked for before the one that is being read has been dealt with."""

Told = Callable[[str, int, int | None], None]
"""Told of a list, how many of its things have been read, and of how many where that is known."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page: how many things stand on it, and how many on all pages of the list.

    `things` are what was seen of each at a glance; None if the page is the same as when it was read last. Of that only
    the names and digests are kept of those things that can be named.
    """

    mark: Mark
    size: int
    total: int
    total_pages: int
    things: Sequence[Glance] | None
    names: str = ""
    digests: bytes = b""

    def kept(self) -> "Sheet":
        """Return what is kept of a page until it is read again."""
        named = [(seen.uuid, seen.digest) for seen in self.things or () if seen.uuid is not None]
        names = "\n".join(uuid for uuid, _ in named)
        return replace(self, things=None, names=names, digests=bytes.fromhex("".join(digest for _, digest in named)))

    def entries(self) -> Iterator[tuple[str, str]]:
        """Yield the name and digest of each thing that can be named, of a page that is the same."""
        digests = self.digests.hex()
        starts = range(0, len(digests), DIGEST_LENGTH)
        return zip(self.named(), (digests[start : start + DIGEST_LENGTH] for start in starts), strict=True)

    def named(self) -> list[str]:
        """Return the names of the things that have one."""
        if self.things is not None:
            return [seen.uuid for seen in self.things if seen.uuid is not None]
        return self.names.split("\n") if self.names else []

    def is_last(self, number: int) -> bool:
        """Tell whether no page follows this one, which is the `number`th."""
        return ends(number, self.size, self.total, self.total_pages)


class Sheets:
    """The pages of one list; `remember` them where it is read again and again and is not too long for that."""

    def __init__(
        self,
        platform: Platform,
        path: str,
        key: str,
        filters: Mapping[str, str],
        told: Told | None = None,
        *,
        remember: bool = True,
    ) -> None:
        self._platform = platform
        self._path = path
        self._key = key
        self._filters = filters
        self._told = told
        self._remember = remember
        self.total = 0  # how many things the list had when a page of it was last read
        # What its reader told of the mirror when it had dealt with all pages; None once one of them has changed.
        self.settled: object = None
        self._known: dict[int, Sheet] = {}

    async def read(self, first: int = 1, until: int | None = None) -> AsyncGenerator[tuple[int, Sheet], None]:
        """Yield each page with its number, from the `first`; a few more are on their way while one is dealt with.

        None is asked for beyond `until`.
        """
        coming: deque[asyncio.Task[Sheet]] = deque()
        number, asked, read = first, first, 0
        try:
            coming.append(asyncio.create_task(self.one(first)))
            while coming:
                sheet = await coming.popleft()
                read += sheet.size
                self.total = sheet.total
                if self._told is not None:
                    self._told(self._key, read, sheet.total)
                last = sheet.is_last(number)
                while not last and asked < min(sheet.total_pages, number + _AHEAD, until or sheet.total_pages):
                    asked += 1
                    coming.append(asyncio.create_task(self.one(asked)))
                yield number, sheet
                if last or number == until:
                    break
                number += 1
            self._known = {known: sheet for known, sheet in self._known.items() if known <= number}
        finally:
            for task in coming:
                task.cancel()
            await asyncio.gather(*coming, return_exceptions=True)

    async def one(self, number: int, *, anew: bool = False) -> Sheet:
        """Read one page; `anew` with its things, even if it is the same as last time."""
        known = None if anew else self._known.get(number)
        if known is None:
            answer = await self._platform.page(self._path, self._key, number, self._filters)
        else:
            since = await self._platform.page_since(self._path, self._key, number, known.mark, self._filters)
            if since is None:
                return known
            answer = since
        self.settled = None
        page = answer.content
        things = [glance(item) for item in page.items]
        sheet = Sheet(answer.mark, len(things), page.total, page.total_pages, things)
        if self._remember:
            self._known[number] = sheet.kept()
        return sheet
