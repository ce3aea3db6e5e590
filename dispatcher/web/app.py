"""The application: every route, behind the guard, with the headers that keep a browser from doing more."""

from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatcher.errors import DispatcherError
from dispatcher.metrics import REGISTRY
from dispatcher.web import problems
from dispatcher.web.api import Api, json
from dispatcher.web.deps import Deps
from dispatcher.web.guard import Guard
from dispatcher.web.page import Page
from dispatcher.web.steering import Steering

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def create_app(deps: Deps) -> Starlette:
    """Return the application over what the daemon gives."""

    async def livez(_request: Request) -> Response:
        alive = deps.alive()
        return json({"alive": alive}, HTTPStatus.OK if alive else HTTPStatus.SERVICE_UNAVAILABLE)

    async def readyz(_request: Request) -> Response:
        parts = deps.health()
        ready = all(part["ok"] for part in parts.values())
        return json({"ready": ready, "parts": parts}, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = Starlette(
        routes=[
            Route("/livez", livez, methods=["GET"]),
            Route("/readyz", readyz, methods=["GET"]),
            Route("/metrics", metrics, methods=["GET"]),
            *Api(deps).routes(),
            *Steering(deps).routes(),
            *Page(deps).routes(),
        ],
        middleware=[
            Middleware(_Headed),
            Middleware(Guard, token=deps.token.get_secret_value() if deps.token else None, bind=deps.bind),
        ],
        exception_handlers={
            HTTPException: problems.refused,
            DispatcherError: problems.expected,
            Exception: problems.unexpected,
        },
    )
    app.router.redirect_slashes = False
    return app


class _Headed:
    """Puts the headers on every answer, refusals included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, headed)
