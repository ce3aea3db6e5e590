"""The sandbox as an ASGI application, under `/api`.

What the reference does not say: what is created answers 201; errors are JSON, `{"success": false, "message": …}`, and a
422 also has `errors`, a list of `{"field", "message"}` with one entry per bad field or parameter (`body` where it is no
JSON object at all). Every path wants the token, unknown ones too.
"""

import secrets
from email.utils import format_datetime
from typing import cast

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatcher.clock import Clock
from dispatcher.sandbox.account import account
from dispatcher.sandbox.campaigns import Campaigns
from dispatcher.sandbox.orders import Orders
from dispatcher.sandbox.phones import Phones
from dispatcher.sandbox.store import Store


def create_app(store: Store, token: str, clock: Clock) -> Starlette:
    """Return the platform's API over a store, for whoever bears the token."""

    async def me(_request: Request) -> JSONResponse:
        return JSONResponse(account(token))

    async def assistants(_request: Request) -> JSONResponse:
        held = list(store.assistants.values())
        return JSONResponse({"assistants": held, "total": len(held)})

    routes = [
        Route("/auth/me", me, methods=["GET"]),
        Route("/assistants", assistants, methods=["GET"]),
        *Campaigns(store, clock).routes(),
        *Phones(store, clock).routes(),
        *Orders(store).routes(),
    ]
    return Starlette(
        routes=[Mount("/api", routes=routes)],
        middleware=[Middleware(_Dated, clock=clock), Middleware(_Guarded, token=token)],
        exception_handlers={HTTPException: _refused, ValidationError: _invalid},
    )


class _Dated:
    """Puts the clock's time in each answer's `Date`: a demo that runs fast must not look like a skewed host."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self.app = app
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Date"] = format_datetime(self.clock.now(), usegmt=True)
            await send(message)

        await self.app(scope, receive, dated)


class _Guarded:
    """Lets nothing through without the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app = app
        self.token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scheme, _, given = Headers(scope=scope).get("Authorization", "").partition(" ")
        # Headers are bytes that Starlette reads as latin-1; a token of other letters is compared as it was sent.
        if scheme.lower() == "bearer" and secrets.compare_digest(given.strip().encode("latin-1"), self.token):
            await self.app(scope, receive, send)
            return
        answer = _fault(401, "A valid bearer token is needed.", headers={"WWW-Authenticate": "Bearer"})
        await answer(scope, receive, send)


def _fault(status: int, message: str, headers: dict[str, str] | None = None, **more: object) -> JSONResponse:
    return JSONResponse({"success": False, "message": message} | more, status_code=status, headers=headers)


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    refused = cast("HTTPException", error)
    return _fault(refused.status_code, refused.detail, headers=dict(refused.headers or {}))


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    faults = [
        {"field": _name(fault["loc"]), "message": fault["msg"]}
        for fault in cast("ValidationError", error).errors(include_url=False)
    ]
    named = ", ".join(dict.fromkeys(fault["field"] for fault in faults))
    return _fault(422, f"Invalid: {named}.", errors=faults)


def _name(path: tuple[int | str, ...]) -> str:
    """Write pydantic's path to a fault as people write it, without its own marks in brackets."""
    return ".".join(str(part) for part in path if not str(part).startswith("[")) or "body"
