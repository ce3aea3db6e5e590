"""What a request says: its parameters and its body, checked."""

from datetime import UTC, datetime
from http import HTTPStatus

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

from dispatcher.mirror.history import MOST_JOBS
from dispatcher.model.attempt import State

_LONGEST_BODY = 16 * 1024
_LONGEST_REASON = 500


def states(request: Request) -> list[State]:
    """Return the states that are asked for, each in a `state` of its own or several with commas between."""
    words = [word.strip() for given in request.query_params.getlist("state") for word in given.split(",")]
    try:
        return [State(word) for word in words if word]
    except ValueError:
        raise _wrong(f"state must be one of {', '.join(State)}") from None


def limit(request: Request, default: int) -> int:
    """Return how many are asked for."""
    text = request.query_params.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_JOBS):
        raise _wrong(f"limit must be a whole number from 1 to {MOST_JOBS}")
    return int(text)


def instant(request: Request, now: datetime) -> datetime:
    """Return the instant `at` in UTC; `now` if none is given."""
    text = request.query_params.get("at")
    if text is None:
        return now
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _wrong("at must be an instant in ISO 8601 with its offset, such as 2026-05-04T14:00:00Z")


async def reason(request: Request) -> str:
    """Return the `reason` of a JSON body."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_BODY:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {_LONGEST_BODY} bytes")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _wrong('the body must be a JSON object such as {"reason": "wrong script"}') from None
    given = document.get("reason") if isinstance(document, dict) else None
    if not isinstance(given, str) or not 1 <= len(given.strip()) <= _LONGEST_REASON:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"reason must be a text of 1 to {_LONGEST_REASON} letters that says why"
        )
    return given.strip()


def _wrong(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.BAD_REQUEST, detail)
