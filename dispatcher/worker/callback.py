"""The small server to which a dialer posts outcomes when its calls have ended: `POST /calls/{job}/outcome`."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dispatcher.errors import ConfigurationError
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
        self._listen = listen
        self._public_url = public_url
        self._expected: dict[str, asyncio.Future[Result]] = {}
        app = Starlette(routes=[Route("/calls/{job}/outcome", self._take, methods=["POST"])])
        self._server = _Server(
            uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=2)
        )
        self._serving: asyncio.Task[None] | None = None
        self._port = listen[1]

    @property
    def url(self) -> str:
        """The address under which the dialer reaches this server, known once it has started."""
        if self._public_url is not None:
            return self._public_url.rstrip("/")
        host = self._listen[0]
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    async def start(self) -> None:
        """Listen; ConfigurationError when the address cannot be had."""
        host, port = self._listen
        try:
            listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as error:
            raise ConfigurationError(
                f"The webhook bridge cannot listen on {host}:{port} ({error.strerror})."
            ) from error
        self._port = listener.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))

    async def stop(self) -> None:
        """Stop listening."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving

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


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to the command that runs the worker."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield
