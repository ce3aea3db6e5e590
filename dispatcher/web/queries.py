"""The parameters of a request, checked."""

from collections.abc import Collection
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request

from dispatcher.mirror.history import MOST_JOBS
from dispatcher.model.attempt import State


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


def choice(request: Request, name: str, choices: Collection[str]) -> str | None:
    """Return one of several words; None if none is given."""
    word = request.query_params.get(name)
    if word is not None and word not in choices:
        raise _wrong(f"{name} must be one of {', '.join(choices)}")
    return word


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


def _wrong(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.BAD_REQUEST, detail)
