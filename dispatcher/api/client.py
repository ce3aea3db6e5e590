"""One client for the platform: a token, deadlines, retries, and every fault as one of ours.

What the platform's reference leaves open is assumed here and in `parse`, and nowhere else.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any
from urllib.parse import quote

import httpx
import stamina

from dispatcher import __version__
from dispatcher.api.body import read_json
from dispatcher.api.listing import Page, read_page
from dispatcher.clock import Clock
from dispatcher.errors import NotFoundError, PermanentError, TransientError

PAGE_SIZE = 100
"""The most that the platform gives in one page."""

_ATTEMPTS = 4
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 5.0
_LARGEST_BODY = 64 * 1024 * 1024


class _RetryableError(TransientError):
    """A fault that a repeat may mend; `wait_s` is what the platform asked for, if it did."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class Platform:
    """The platform as one token sees it."""

    def __init__(self, base_url: str, token: str, timeout: timedelta, clock: Clock) -> None:
        self._base_url = base_url
        self._clock = clock
        self._client = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/",
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
                "User-Agent": f"callcamp-dispatcher/{__version__}",
            },
            timeout=timeout.total_seconds(),
            # The token must not follow to wherever an answer points.
            follow_redirects=False,
        )
        self.skew: timedelta | None = None  # the platform's clock minus the host's, by its last Date header

    async def me(self) -> dict[str, Any]:
        """Return who the token is: a check that it works. PermanentError if it does not."""
        answer = await self._get("auth/me", {})
        if not isinstance(answer, dict):
            raise TransientError(f"{self._base_url}/auth/me answered no object")
        return answer

    async def pages(self, path: str, key: str) -> AsyncIterator[Page]:
        """Yield the pages of a list, one request at a time, as far as the platform says that there are any."""
        number = 1
        while True:
            page = read_page(await self._get(path, {"page": number, "limit": PAGE_SIZE}), key, path)
            yield page
            if number >= page.total_pages or not page.items:
                return
            number += 1

    async def campaign(self, uuid: str) -> dict[str, Any] | None:
        """Return one campaign's document, or None if the platform says that there is none."""
        return await self._one(f"campaigns/{quote(uuid, safe='')}")

    async def phone(self, uuid: str) -> dict[str, Any] | None:
        """Return one phone's document, or None if the platform says that there is none."""
        return await self._one(f"phones/{quote(uuid, safe='')}")

    async def _one(self, path: str) -> dict[str, Any] | None:
        try:
            answer = await self._get(path, {})
        except NotFoundError:
            return None
        if not isinstance(answer, dict):
            raise TransientError(f"{self._base_url}/{path} answered no object")
        return answer

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _get(self, path: str, parameters: dict[str, str | int]) -> Any:
        async for attempt in stamina.retry_context(
            on=_wait_before_retry,
            attempts=_ATTEMPTS,
            timeout=None,
            wait_initial=_FIRST_WAIT_S,
            wait_max=_LONGEST_WAIT_S,
            wait_jitter=_FIRST_WAIT_S,
        ):
            with attempt:
                return await self._get_once(path, parameters)
        raise AssertionError("stamina ends with an answer or an error")

    async def _get_once(self, path: str, parameters: dict[str, str | int]) -> Any:
        try:
            answer = await self._client.get(path, params=parameters)
        except httpx.TimeoutException as fault:
            raise _RetryableError(f"the platform at {self._base_url} did not answer in time (api.timeout)") from fault
        except httpx.HTTPError as fault:
            raise _RetryableError(
                f"the platform at {self._base_url} cannot be reached: {str(fault) or type(fault).__name__}"
            ) from fault
        self._note_date(answer)
        _refuse(answer, self._base_url, path, self._clock.now())
        if len(answer.content) > _LARGEST_BODY:
            raise TransientError(f"{self._base_url}/{path} answered more than {_LARGEST_BODY} bytes")
        try:
            return read_json(answer.content)
        except ValueError as fault:
            raise _RetryableError(f"{self._base_url}/{path} answered something that is not JSON") from fault

    def _note_date(self, answer: httpx.Response) -> None:
        try:
            told = parsedate_to_datetime(answer.headers["date"])
        except (KeyError, ValueError):
            return
        if told.tzinfo is None:
            return  # `-0000` says that the zone is not known
        # The header has whole seconds and was written at some time before now; half a second is the middle.
        self.skew = told + timedelta(seconds=0.5) - self._clock.now()


def _refuse(answer: httpx.Response, base_url: str, path: str, now: datetime) -> None:
    """Raise what an answer that is no success means."""
    status = answer.status_code
    if answer.is_success:
        return
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise PermanentError(
            f"the platform refuses the token of api.token ({status} at {path}): make a new one in the studio,"
            " with leave to read campaigns, phones and orders"
        )
    if status == httpx.codes.NOT_FOUND:
        raise NotFoundError(f"{base_url}/{path} does not exist (404): check api.base_url")
    if answer.is_redirect:
        raise PermanentError(
            f"{base_url} redirects to {answer.headers.get('location', 'somewhere else')}:"
            " set api.base_url to where the API is"
        )
    if status == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
        raise _RetryableError(f"the platform answers {status} at {path}", _retry_after(answer, now))
    raise PermanentError(f"the platform answers {status} at {path}")


def _wait_before_retry(fault: Exception) -> bool | float:
    if not isinstance(fault, _RetryableError):
        return False
    return True if fault.wait_s is None else fault.wait_s


def _retry_after(answer: httpx.Response, now: datetime) -> float | None:
    """Return the wait in seconds that `Retry-After` asks for, up to the longest that a pass can afford."""
    value = answer.headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), 30.0) if isfinite(seconds) else None
