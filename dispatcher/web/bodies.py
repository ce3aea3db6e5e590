"""The JSON body of a request that changes something: what is not understood is refused, not guessed."""

from collections.abc import Collection
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

from dispatcher.settings import durations

_LONGEST = 64 * 1024
_LONGEST_TEXT = 500
_MOST_NAMED = 1000


class Body:
    """The fields of one JSON object: each is checked when it is asked for, and a 422 says what is wrong with it."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    @classmethod
    async def read(cls, request: Request) -> "Body":
        """Read the body of a request, which must be a JSON object."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {_LONGEST} bytes")
        try:
            fields = orjson.loads(body)
        except orjson.JSONDecodeError:
            detail = 'the body must be a JSON object such as {"reason": "wrong script"}'
            raise HTTPException(HTTPStatus.BAD_REQUEST, detail) from None
        if not isinstance(fields, dict):
            raise wrong("the body must be a JSON object with named fields")
        return cls({name: value for name, value in fields.items() if value is not None})

    def only(self, *known: str) -> None:
        """Refuse every other field: a slip in the name of one could widen what is meant."""
        for name in self._fields:
            if name not in known:
                raise wrong(f"the body has a field {name[:100]!r} that means nothing here: give {', '.join(known)}")

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def text(self, name: str, says: str) -> str:
        """Return a text that must be there, trimmed; `says` tells what it is for."""
        given = self._fields.get(name)
        if not isinstance(given, str) or not 1 <= len(given.strip()) <= _LONGEST_TEXT:
            raise wrong(f"{name} must be a text of 1 to {_LONGEST_TEXT} letters that says {says}")
        return given.strip()

    def name(self, name: str) -> str | None:
        """Return the name of something; None if it is not there."""
        return self.text(name, "which is meant") if name in self else None

    def flag(self, name: str) -> bool:
        """Return true or false; false if it is not there."""
        given = self._fields.get(name, False)
        if not isinstance(given, bool):
            raise wrong(f"{name} must be true or false")
        return given

    def duration(self, name: str) -> timedelta | None:
        """Return a duration as the configuration writes them; None if it is not there."""
        if name not in self:
            return None
        try:
            return durations.parse(self._fields[name])
        except ValueError as fault:
            raise wrong(f"{name} {fault}") from fault

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """Return one of several words; None if it is not there."""
        given = self._fields.get(name)
        if given is None:
            return None
        if not isinstance(given, str) or given not in choices:
            raise wrong(f"{name} must be one of {', '.join(choices)}")
        return given

    def names(self, name: str) -> list[str] | None:
        """Return a list of texts; None if it is not there."""
        return self._list(name, str, "texts")

    def numbers(self, name: str) -> list[int] | None:
        """Return a list of whole numbers; None if it is not there."""
        return self._list(name, int, "whole numbers")

    def _list(self, name: str, kind: type, words: str) -> list[Any] | None:
        given = self._fields.get(name)
        if given is None:
            return None
        fits = isinstance(given, list) and all(type(one) is kind for one in given)
        if not fits or not 1 <= len(given) <= _MOST_NAMED:
            raise wrong(f"{name} must be a list of 1 to {_MOST_NAMED} {words}")
        return list(given)


def wrong(detail: str) -> HTTPException:
    """Return the answer to a body that is JSON and not what is asked for."""
    return HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
