"""The small server to which a dialer posts outcomes when its calls have ended: `POST /calls/{job}/outcome`."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dispatcher.serving import Server
from dispatcher.worker.answer import Result, reported


class Callback:
    """Takes outcomes for the calls that are expected, at the host and port of `listen`.

    | answer | when                                                            |
    |--------|-----------------------------------------------------------------|
    | 204    | the outcome is taken                                            |
    | 404    | no such call is expected: never posted, too late, or told before |
    | 422    | the body is no JSON object with a string under `outcome`        |
    """

    def __init__(self, listen: tuple[str, int], public_url: str | None) -> None:
        self._public_url = public_url
        self._expected: dict[str, asyncio.Future[Result]] = {}
        host, port = listen
        self._server = Server(
            Starlette(routes=[Route("/calls/{job}/outcome", self._take, methods=["POST"])]),
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

    @contextmanager
    def expected(self, job: str) -> Iterator[asyncio.Future[Result]]:
        """Give a future of the outcome that is posted for a job while the block runs."""
        posted: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._expected[job] = posted
        try:
            yield posted
        finally:
            del self._expected[job]

    async def _take(self, request: Request) -> Response:
        try:
            document = await request.json()
        except ValueError:
            document = None
        result = reported(document)
        if result is None:
            return JSONResponse(
                {"detail": 'the body must be a JSON object such as {"outcome": "completed"}'},
                HTTPStatus.UNPROCESSABLE_ENTITY,
            )
        posted = self._expected.get(request.path_params["job"])
        if posted is None or posted.done():
            return JSONResponse({"detail": "no outcome is expected for this call"}, HTTPStatus.NOT_FOUND)
        posted.set_result(result)
        return Response(status_code=HTTPStatus.NO_CONTENT)
