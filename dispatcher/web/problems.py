"""Every error as a problem document (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dispatcher.errors import ConfigurationError, DispatcherError, NotFoundError, PermanentError, TransientError
from dispatcher.log import logger

log = logger(__name__)

_STATUS: tuple[tuple[type[DispatcherError], HTTPStatus], ...] = (
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (TransientError, HTTPStatus.SERVICE_UNAVAILABLE),
    (ConfigurationError, HTTPStatus.BAD_REQUEST),
    (PermanentError, HTTPStatus.BAD_GATEWAY),
)
"""The first that fits counts; a permanent refusal is the platform's."""


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem document; `detail` is a sentence on this one case."""
    phrase = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": phrase, "status": int(status), "detail": detail}
    return Response(orjson.dumps(document), status, headers, media_type="application/problem+json")


async def refused(request: Request, error: Exception) -> Response:
    """Answer for a path that is not there, a method that it does not take, or a request that is wrong."""
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
        allowed = headers.get("Allow", "")
        return problem(error.status_code, f"{request.url.path} takes {allowed}, not {request.method}", headers)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem(error.status_code, f"there is nothing at {request.url.path}", headers)
    return problem(error.status_code, error.detail, headers)


async def expected(_request: Request, error: Exception) -> Response:
    """Answer for a fault of ours that is expected; its text is the sentence."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    return problem(status, str(error))


async def unexpected(request: Request, error: Exception) -> Response:
    """Answer for a mistake in the program: the log has what it was, the answer has not."""
    log.error("a request failed", method=request.method, path=request.url.path, exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the dispatcher made a mistake; its log says which")
