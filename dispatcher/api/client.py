"""One client for the platform: lists page by page, single documents by name.

What the platform's reference leaves open is assumed here and in `parse`, and nowhere else.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from dispatcher.api.body import read_object, read_text
from dispatcher.api.listing import Page, read_page
from dispatcher.api.retrying import Retrying
from dispatcher.api.transport import Answer, Mark, Transport
from dispatcher.clock import Clock
from dispatcher.errors import NotFoundError

T = TypeVar("T")

PAGE_SIZE = 100
"""The most that the platform gives in one page."""


class Platform:
    """The platform as one token sees it."""

    def __init__(
        self, base_url: str, token: str, timeout: timedelta, clock: Clock, *, ca_file: Path | None = None
    ) -> None:
        self._transport = Transport(base_url, token, timeout, clock, ca_file)
        self._retrying = Retrying(clock)

    @property
    def skew(self) -> timedelta | None:
        """The platform's clock minus the host's, by its last answer; None before the first."""
        return self._transport.skew

    async def me(self) -> dict[str, Any]:
        """Return who the token is: a check that it works. PermanentError if it does not."""
        return (await self._get("auth/me", {}, read_object)).content

    async def pages(self, path: str, key: str, filters: Mapping[str, str] | None = None) -> AsyncIterator[Page]:
        """Yield the pages of a list, one request at a time, as far as the platform says that there are any."""
        number = 1
        while True:
            page = (await self.page(path, key, number, filters)).content
            yield page
            if page.is_last(number):
                return
            number += 1

    async def page(self, path: str, key: str, number: int, filters: Mapping[str, str] | None = None) -> Answer[Page]:
        """Return one page of a list, the first being 1."""
        return await self._get(path, _of_page(number, filters), partial(read_page, key=key))

    async def page_since(
        self, path: str, key: str, number: int, known: Mark, filters: Mapping[str, str] | None = None
    ) -> Answer[Page] | None:
        """Return one page of a list; None if it is the one that bore the mark `known`."""
        return await self._get_since(path, _of_page(number, filters), partial(read_page, key=key), known)

    async def campaign(self, uuid: str) -> bytes | None:
        """Return one campaign's document as JSON, or None if the platform says that there is none."""
        return await self._one(f"campaigns/{quote(uuid, safe='')}")

    async def phone(self, uuid: str) -> bytes | None:
        """Return one phone's document as JSON, or None if the platform says that there is none."""
        return await self._one(f"phones/{quote(uuid, safe='')}")

    async def patch(self, path: str, changes: Mapping[str, str]) -> None:
        """Change fields of what stands at a path. It is not repeated here: the budget of repeats is for reading."""
        await self._transport.patch(path, changes)

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()

    async def _one(self, path: str) -> bytes | None:
        try:
            return (await self._get(path, {}, read_text)).content
        except NotFoundError:
            return None

    async def _get(self, path: str, parameters: dict[str, str | int], read: Callable[[bytes], T]) -> Answer[T]:
        answer = await self._get_since(path, parameters, read, None)
        if answer is None:
            raise AssertionError("only what is known can be the same")
        return answer

    async def _get_since(
        self, path: str, parameters: dict[str, str | int], read: Callable[[bytes], T], known: Mark | None
    ) -> Answer[T] | None:
        return await self._retrying.make(lambda: self._transport.get(path, parameters, read, known))


def _of_page(number: int, filters: Mapping[str, str] | None) -> dict[str, str | int]:
    return {**(filters or {}), "page": number, "limit": PAGE_SIZE}
