"""A platform that answers whatever a test tells it to."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


def as_json(document: Any, status: int = 200, **headers: str) -> Response:
    return Response(orjson.dumps(document), status, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass
class Hostile:
    """Answers each request with the next of its answers, and the last one for ever after."""

    answers: list[Response | Callable[[Request], Response]]
    requests: list[Request] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    hangs: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.requests.append(request)
        self.asked_at.append(time.monotonic())
        if self.hangs:
            # Until the client has had enough.
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await (answer if isinstance(answer, Response) else answer(request))(scope, receive, send)
