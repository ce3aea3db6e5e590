"""The small server to which a dialer posts outcomes when its calls have ended: `POST /calls/{job}/outcome?…`.

The address that a dialer was given says which call it is for, signed. So an outcome is taken at any time, also by a
bridge that was started anew since, and it is answered for only once Redis has it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import quote, urlencode

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dispatcher.errors import DispatcherError
from dispatcher.log import logger
from dispatcher.serving import Server
from dispatcher.worker.answer import Result, reported
from dispatcher.worker.signing import proves, token
from dispatcher.worker.steps import Entry

Report = Callable[[Entry, Result], Awaitable[None]]
"""Delivers an outcome; raises a DispatcherError when it is not known to be delivered."""

_LARGEST_BODY = 64 * 1024
_REMEMBERED = 10_000
"""So many outcomes are remembered, to tell a repeat from a contradiction; the dispatcher applies but one, anyway."""

_log = logger(__name__)


class Callback:
    """Takes outcomes at the host and port of `listen`, and delivers them by `report`.

    | answer | when                                                                             |
    |--------|----------------------------------------------------------------------------------|
    | 204    | the outcome is in Redis; a repeat of the same one changes nothing                |
    | 403    | the address is not one that was given out with this secret                       |
    | 409    | another outcome was posted for this call before                                  |
    | 413    | the body is longer than 64 KiB                                                   |
    | 422    | the body is no JSON object with a string under `outcome`                         |
    | 503    | Redis does not take it now: post it again, the header Retry-After says when      |
    """

    def __init__(self, listen: tuple[str, int], public_url: str | None, key: bytes, report: Report) -> None:
        self._public_url = public_url
        self._key = key
        self._report = report
        self._expected: dict[str, asyncio.Event] = {}
        self._told: OrderedDict[str, Result] = OrderedDict()
        host, port = listen
        self._server = Server(
            Starlette(routes=[Route("/calls/{job:path}/outcome", self._take, methods=["POST"])]),
            host=host,
            port=port,
            name="The webhook bridge",
            remedy="give another --listen, or port 0 for a free one",
        )

    @property
    def url(self) -> str:
        """The address under which the dialer reaches this server, known once it has started."""
        return self._server.url if self._public_url is None else self._public_url.rstrip("/")

    async def start(self) -> None:
        """Listen; ConfigurationError when the address cannot be had."""
        await self._server.start()

    async def stop(self) -> None:
        """Stop listening."""
        await self._server.stop()

    def address(self, phone: str, job: str, entry: str) -> str:
        """Return the address for the outcome of one call."""
        signed = urlencode({"phone": phone, "entry": entry, "token": token(self._key, phone, job, entry)})
        return f"{self.url}/calls/{quote(job, safe='')}/outcome?{signed}"

    @contextmanager
    def expected(self, job: str) -> Iterator[asyncio.Event]:
        """Give an event that is set when an outcome is posted for a job while the block runs."""
        self._expected[job] = asyncio.Event()
        try:
            yield self._expected[job]
        finally:
            del self._expected[job]

    async def _take(self, request: Request) -> Response:
        job, given = request.path_params["job"], request.query_params
        phone, entry = given.get("phone", ""), given.get("entry", "")
        if not proves(given.get("token", ""), self._key, phone, job, entry):
            _log.warning("outcome refused", job=job, reason="the address is not one of ours")
            return _refusal(HTTPStatus.FORBIDDEN, "this address was not given out by this bridge")
        body = await _body(request)
        if body is None:
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {_LARGEST_BODY} bytes")
        try:
            result = reported(orjson.loads(body))
        except orjson.JSONDecodeError:
            result = None
        if result is None:
            why = 'the body must be a JSON object such as {"outcome": "completed"}'
            return _refusal(HTTPStatus.UNPROCESSABLE_ENTITY, why)
        return await self._deliver(Entry(phone, entry, job, None), result)

    async def _deliver(self, entry: Entry, result: Result) -> Response:
        job = entry.job
        if job in self._told:
            if self._told[job] == result:
                return Response(status_code=HTTPStatus.NO_CONTENT)
            return _refusal(HTTPStatus.CONFLICT, "another outcome was posted for this call before")
        try:
            await self._report(entry, result)
        except DispatcherError as fault:
            _log.warning("report failed", job=job, phone=entry.phone, fault=str(fault))
            answer = _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the outcome cannot be delivered now: post it again")
            answer.headers["Retry-After"] = "1"
            return answer
        self._told[job] = result
        while len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        late = job not in self._expected
        _log.info("outcome posted", job=job, phone=entry.phone, outcome=result.outcome.value, late=late)
        if not late:
            self._expected[job].set()
        return Response(status_code=HTTPStatus.NO_CONTENT)


async def _body(request: Request) -> bytes | None:
    """Return the body of a request; None if it is too long."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_BODY:
                return None
    except ClientDisconnect:
        return b""
    return body


def _refusal(status: HTTPStatus, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status)
