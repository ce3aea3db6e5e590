"""The webhook bridge: posts each call to your own dialer and reads the outcome from its answer, or from a later POST.

The body of the request is the call document as it is, signed where there is a secret (see `signing`). The header
`Dispatcher-Callback` holds the address to which a dialer that answers 202 posts the outcome when the call has ended.
Both ways an outcome is `{"outcome": "completed", "detail": "…", "call_id": "…"}`, the last two optional.

| what happens                                        | what is reported                                             |
|-----------------------------------------------------|--------------------------------------------------------------|
| 200 with an outcome                                 | the outcome; a word that is unknown counts as `failed`       |
| a POST to the address, whatever was answered before | its outcome, at any time                                     |
| 202, and no POST within `call_timeout_s`            | nothing: the call may be going on                            |
| 200 without a readable outcome, any other 2xx       | nothing: the dialer took the call, and may have placed it    |
| 3xx, 4xx, 501 or 503                                | `failed`, with the status: the dialer refused                |
| any other 5xx                                       | nothing: it broke, or a proxy speaks, and it may have placed |
| no connection (refused, no such host, time-out, TLS)| tried again for `PATIENCE_S`, for nothing was sent; `failed` |
| no or a broken answer after the request was sent    | nothing, and never posted again: it may have been placed     |

Where nothing is reported the dispatcher holds the order as uncertain after a while, and calls nobody twice.
"""

import asyncio
import secrets
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx
import orjson

from dispatcher.clock import Clock
from dispatcher.errors import ConfigurationError
from dispatcher.log import logger
from dispatcher.model.call import Call
from dispatcher.model.outcome import Outcome
from dispatcher.worker.answer import OutcomeReported, OutcomeUnknown, Result, reported
from dispatcher.worker.callback import Callback, Report
from dispatcher.worker.connection import delays
from dispatcher.worker.signing import headers, key_of

_log = logger(__name__)

CALLBACK_HEADER = "Dispatcher-Callback"

PATIENCE_S = 3.0
"""How long a dialer that cannot be reached is tried: so long it may take to start anew without a call's failing."""

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
"""Errors of httpx that come before the first byte of a request."""

_REFUSALS = frozenset({HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.SERVICE_UNAVAILABLE})
"""The statuses of 500 and above that say that nothing was done."""


class Webhook:
    """A dial function that hands each call to `url`; an async context manager, for its client and its server.

    `report` delivers the outcomes that are posted back (`Worker.report`). `secret` signs the requests and the addresses
    for outcomes; without one, requests are unsigned, and addresses hold for the life of this bridge. `timeout_s` bounds
    the connection to the dialer and then its answer, `call_timeout_s` the wait for the outcome after a 202. `listen` is
    the host and port for the outcomes that are posted back (port 0: any free one), and `callback_url` the address under
    which the dialer reaches it, when that is another. Raises ConfigurationError for an address or a secret that cannot
    be, and when it cannot listen there.
    """

    def __init__(
        self,
        url: str,
        report: Report,
        *,
        secret: str | None = None,
        timeout_s: float = 10.0,
        call_timeout_s: float = 15 * 60.0,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        callback_url: str | None = None,
    ) -> None:
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            parsed = httpx.URL()
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise ConfigurationError(f"The webhook's address is {url!r}: write http://host/path or https://host/path.")
        self._url = parsed
        self._clock = Clock()
        self._key = None if secret is None else key_of(secret)
        self._timeout_s = timeout_s
        self._call_timeout_s = call_timeout_s
        # A connection that the dialer closes just as it is used again would leave the outcome unknown, so each call
        # has a connection of its own.
        self._client = httpx.AsyncClient(
            timeout=timeout_s, limits=httpx.Limits(max_connections=None, max_keepalive_connections=0)
        )
        self._callback = Callback(listen, callback_url, self._key or secrets.token_bytes(), report)

    async def __aenter__(self) -> Self:
        """Start to listen for outcomes."""
        await self._callback.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and close all connections."""
        await self._callback.stop()
        await self._client.aclose()

    def callback_for(self, call: Call) -> str:
        """Return the address for the outcome of a call."""
        return self._callback.address(call.phone_uuid, call.job, call.entry)

    async def __call__(self, call: Call) -> Result:
        """Hand the call to the dialer and return its outcome; OutcomeUnknown or OutcomeReported by the table above."""
        # Expected before it is posted: the outcome may come back sooner than the answer.
        with self._callback.expected(call.job) as posted:
            try:
                result = await self._hand_over(call, posted)
            except OutcomeUnknown:
                if not posted.is_set():
                    raise
            else:
                if not posted.is_set():
                    return result
        raise OutcomeReported

    async def _hand_over(self, call: Call, posted: asyncio.Event) -> Result:
        try:
            # One bound for all of it: an answer that comes byte by byte would never run into that of a single read.
            async with asyncio.timeout(PATIENCE_S + 2 * self._timeout_s):
                answer = await self._post(call)
        except _UNSENT as error:
            return Result(Outcome.FAILED, f"the dialer could not be reached ({type(error).__name__}: {error})")
        except (httpx.HTTPError, TimeoutError) as error:
            raise OutcomeUnknown(f"the dialer did not answer ({type(error).__name__})") from error
        if answer.status_code != HTTPStatus.ACCEPTED:
            return _read(answer)
        try:
            async with asyncio.timeout(self._call_timeout_s):
                await posted.wait()
        except TimeoutError as error:
            raise OutcomeUnknown(f"no outcome was posted within {self._call_timeout_s:g} s") from error
        raise OutcomeReported

    async def _post(self, call: Call) -> httpx.Response:
        """Post a call; again only while it is certain that nothing was sent, for a while and within its window."""
        body = orjson.dumps(dict(call.document))
        until = self._clock.monotonic() + PATIENCE_S
        for delay in delays():
            now = self._clock.now()
            signed = headers(self._key, call.job, body, now)
            try:
                return await self._client.post(
                    self._url,
                    content=body,
                    headers={
                        "Content-Type": "application/json",
                        CALLBACK_HEADER: self.callback_for(call),
                        **signed,
                    },
                )
            except _UNSENT as error:
                _log.warning("dialer out of reach", job=call.job, fault=f"{type(error).__name__}: {error}")
                closed = now >= datetime.fromisoformat(call.not_after)
                if closed or self._clock.monotonic() + delay > until:
                    raise
            await self._clock.sleep(delay)
        raise AssertionError  # the delays have no end


def _read(answer: httpx.Response) -> Result:
    """Return the result in an answer other than 202."""
    status = answer.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _REFUSALS:
        raise OutcomeUnknown(f"the dialer, or a proxy before it, answered {status}")
    if not answer.is_success:
        return Result(Outcome.FAILED, f"the dialer refused the call with status {status}")
    try:
        result = reported(answer.json()) if status == HTTPStatus.OK else None
    except (ValueError, RecursionError):
        result = None
    if result is None:
        raise OutcomeUnknown(f"the dialer answered {status} without an outcome")
    return result
