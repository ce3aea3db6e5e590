"""A list as it was read last: a page that has not changed is neither decoded nor compared again.

The platform may say that a page is the same (ETag, Last-Modified); if it does not, the page's bytes do. Of each page
only the names and digests of its things are kept.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from dispatcher.api.client import Platform
from dispatcher.api.listing import Page
from dispatcher.api.parse import DIGEST_LENGTH, name_and_digest
from dispatcher.api.transport import Mark

_AHEAD = 3
"""Pages that are asked for before the one that is being read has been dealt with."""

Told = Callable[[str, int, int], None]
"""Told of a list, how many of its things have been read, and of how many."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page: how many things stand on it, the names and digests of those that can be named, and the list's total.

    `items` holds the things themselves, those that cannot be named too, unless the page is the same as when it was read
    last.
    """

    mark: Mark | None
    things: int
    total: int
    total_pages: int
    names: str
    digests: str
    items: tuple[Any, ...] | None

    def entries(self) -> Iterator[tuple[str, str]]:
        """Yield the name and digest of each thing that can be named."""
        names = self.names.split("\n") if self.names else []
        starts = range(0, len(self.digests), DIGEST_LENGTH)
        return zip(names, (self.digests[start : start + DIGEST_LENGTH] for start in starts), strict=True)


class Sheets:
    """The pages of one list."""

    def __init__(self, platform: Platform, path: str, key: str, filters: Mapping[str, str], told: Told | None) -> None:
        self._platform = platform
        self._path = path
        self._key = key
        self._filters = filters
        self._told = told
        self._known: dict[int, Sheet] = {}

    async def read(self) -> AsyncIterator[tuple[int, Sheet]]:
        """Yield each page with its number; a few more are on their way while one is dealt with."""
        coming: deque[asyncio.Task[Sheet]] = deque()
        number, asked, things = 1, 1, 0
        try:
            coming.append(asyncio.create_task(self.one(1)))
            while coming:
                sheet = await coming.popleft()
                things += sheet.things
                if self._told is not None:
                    self._told(self._key, things, sheet.total)
                last = Page([None] * sheet.things, sheet.total, sheet.total_pages).is_last(number)
                while not last and asked < min(sheet.total_pages, number + _AHEAD):
                    asked += 1
                    coming.append(asyncio.create_task(self.one(asked)))
                yield number, sheet
                if last:
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
        page = await self._platform.page_since(
            self._path, self._key, number, known.mark if known is not None else None, self._filters
        )
        if page is None and known is not None:
            return known
        if page is None:
            raise AssertionError("only a page that is known can be the same")
        named = [entry for entry in map(name_and_digest, page.items) if entry is not None]
        names, digests = "\n".join(name for name, _ in named), "".join(digest for _, digest in named)
        kept = Sheet(page.mark, len(page.items), page.total, page.total_pages, names, digests, None)
        self._known[number] = kept
        return Sheet(
            page.mark, len(page.items), page.total, page.total_pages, names, digests, tuple(page.items)
        )
