"""The webhook bridge: posts each call to your own dialer and reads the outcome from its answer, or from a later POST.

The body of the request is the call document as it is. The header `Dispatcher-Callback` holds the address to which a
dialer that answers 202 posts the outcome when the call has ended. Both ways an outcome is
`{"outcome": "completed", "detail": "…", "call_id": "…"}`, the last two optional.

| what happens                                        | what is reported                                            |
|-----------------------------------------------------|-------------------------------------------------------------|
| 200 with an outcome                                 | the outcome; a word that is unknown counts as `failed`       |
| 202, then a POST within `call_timeout_s`            | the outcome of the POST, in the same way                     |
| 202, then nothing within `call_timeout_s`           | nothing: the call may be going on, the order is uncertain    |
| 200 without a readable outcome, any other 2xx       | nothing: the dialer took the call, and may have placed it    |
| 502 or 504                                          | nothing: a proxy speaks, the dialer may have got the request |
| any other 3xx, 4xx or 5xx                           | `failed`, with the status: the dialer refused                |
| no connection (refused, no such host, time-out, TLS)| `failed`, with the reason: nothing was sent                  |
| no or a broken answer after the request was sent    | nothing: the call may have been placed                       |

Where nothing is reported the dispatcher holds the order as uncertain and calls nobody twice.
"""

import asyncio
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx

from dispatcher.errors import ConfigurationError
from dispatcher.model.call import Call
from dispatcher.model.outcome import Outcome
from dispatcher.worker.answer import OutcomeUnknown, Result, reported
from dispatcher.worker.callback import Callback

CALLBACK_HEADER = "Dispatcher-Callback"

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
"""Errors of httpx that come before the first byte of a request."""


class Webhook:
    """A dial function that hands each call to `url`; an async context manager, for its client and its server.

    `timeout_s` bounds the answer to a post, `call_timeout_s` the wait for the outcome after a 202. `listen` is the
    host and port for the outcomes that are posted back (port 0: any free one), and `callback_url` the address under
    which the dialer reaches it, when that is another. Raises ConfigurationError when it cannot listen there.
    """

    def __init__(
        self,
        url: str,
        *,
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
        self._call_timeout_s = call_timeout_s
        # A connection that the dialer closes just as it is used again would leave the outcome unknown, so each call
        # has a connection of its own.
        self._client = httpx.AsyncClient(
            timeout=timeout_s, limits=httpx.Limits(max_connections=None, max_keepalive_connections=0)
        )
        self._callback = Callback(listen, callback_url)

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

    @property
    def callback_url(self) -> str:
        """The address under which outcomes are taken, without the `/calls/{job}/outcome`."""
        return self._callback.url

    async def __call__(self, call: Call) -> Result:
        """Hand the call to the dialer and return its outcome; OutcomeUnknown by the table above."""
        # Expected before it is posted: the outcome may come back sooner than the answer.
        with self._callback.expected(call.job) as posted:
            try:
                answer = await self._client.post(
                    self._url,
                    json=dict(call.document),
                    headers={CALLBACK_HEADER: f"{self._callback.url}/calls/{call.job}/outcome"},
                )
            except _UNSENT as error:
                return Result(Outcome.FAILED, f"the dialer could not be reached ({type(error).__name__}: {error})")
            except httpx.HTTPError as error:
                raise OutcomeUnknown(f"the dialer did not answer ({type(error).__name__})") from error
            if answer.status_code != HTTPStatus.ACCEPTED:
                return _read(answer)
            try:
                async with asyncio.timeout(self._call_timeout_s):
                    return await posted
            except TimeoutError as error:
                raise OutcomeUnknown(f"no outcome was posted within {self._call_timeout_s:g} s") from error


def _read(answer: httpx.Response) -> Result:
    """Return the result in an answer other than 202."""
    status = answer.status_code
    if status in {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}:
        raise OutcomeUnknown(f"a proxy before the dialer answered {status}")
    if not answer.is_success:
        return Result(Outcome.FAILED, f"the dialer refused the call with status {status}")
    try:
        result = reported(answer.json()) if status == HTTPStatus.OK else None
    except ValueError:
        result = None
    if result is None:
        raise OutcomeUnknown(f"the dialer answered {status} without an outcome")
    return result
