"""The JSON routes by which operators decide about held calls and see to dead letters, one or many."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dispatcher.errors import NotFoundError
from dispatcher.mirror.database import Database
from dispatcher.mirror.doubts import Word
from dispatcher.model.dead_letter import Reason
from dispatcher.model.outcome import ENDS, Outcome
from dispatcher.steering import dead_letters, doubts, order_reports
from dispatcher.steering.dead_letters import Meant as Letters
from dispatcher.steering.doubts import Meant
from dispatcher.web.api import json
from dispatcher.web.bodies import Body, wrong
from dispatcher.web.deps import Deps

_RELEASE = ("reason", "by")
_CLOSE = ("reason", "by", "outcome")
_NARROWED = ("campaign", "phone", "older_than")

_Steer = Callable[[Database, Letters], dict[str, Any]]


class Steering:
    """What operators change under /api beside pausing; the answers are the documents of the command line.

    What is asked for by its own address is answered with a problem if it cannot be done. Of many, the answer names
    those that were refused, each with the reason.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def routes(self) -> list[Route]:
        """Return the routes, with their whole paths."""
        retry, drop = dead_letters.retry, dead_letters.drop
        endpoints: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "/api/jobs/release": partial(self._calls, _RELEASE),
            "/api/jobs/close": partial(self._calls, _CLOSE),
            "/api/jobs/{job}/release": partial(self._call, _RELEASE),
            "/api/jobs/{job}/close": partial(self._call, _CLOSE),
            "/api/dead/retry": partial(self._letters, retry),
            "/api/dead/drop": partial(self._letters, drop),
            "/api/dead/{id:int}/retry": partial(self._letter, retry),
            "/api/dead/{id:int}/drop": partial(self._letter, drop),
            "/api/reports/retry": self._reports,
        }
        return [Route(path, endpoint, methods=["POST"]) for path, endpoint in endpoints.items()]

    async def _call(self, fields: Sequence[str], request: Request) -> Response:
        body = await Body.read(request)
        body.only(*fields)
        document = await self._settle(fields, body, partial(doubts.named, jobs=[request.path_params["job"]]))
        _see_to_refusals(document["refused"], "job")
        return json(document)

    async def _calls(self, fields: Sequence[str], request: Request) -> Response:
        body = await Body.read(request)
        body.only(*fields, "jobs", "all", *_NARROWED)
        jobs, narrowed = body.names("jobs"), any(name in body for name in _NARROWED)
        if body.flag("all") == (jobs is not None) or (jobs is not None and narrowed):
            raise wrong(f'give jobs, or "all": true, which {", ".join(_NARROWED)} may narrow')
        if jobs is not None:
            return json(await self._settle(fields, body, partial(doubts.named, jobs=jobs)))
        which = partial(
            doubts.matching,
            now=self._deps.clock.now(),
            campaign=body.name("campaign"),
            phone=body.name("phone"),
            older_than=body.duration("older_than"),
        )
        return json(await self._settle(fields, body, which))

    async def _settle(self, fields: Sequence[str], body: Body, which: Callable[[Database], Meant]) -> dict[str, Any]:
        word = Word(body.text("by", "who decides"), body.text("reason", "why"), self._deps.clock.now())
        outcome = Outcome(body.choice("outcome", ENDS) or Outcome.CANCELED)
        sources = self._deps.sources()
        reporting = sources.settings.report.orders

        def settle() -> dict[str, Any]:
            meant = which(sources.database)
            if fields is _RELEASE:
                return doubts.release(sources.database, meant, word)
            return doubts.close(sources.database, meant, word, outcome, reporting=reporting)

        return await asyncio.to_thread(settle)

    async def _letter(self, steer: _Steer, request: Request) -> Response:
        document = await self._steer(steer, Letters(ids=[request.path_params["id"]]))
        [done] = document.values()
        _see_to_refusals(done["refused"], "id")
        return json(document)

    async def _letters(self, steer: _Steer, request: Request) -> Response:
        body = await Body.read(request)
        body.only("ids", "all", "campaign", "reason")
        ids, set_of_them = body.numbers("ids"), body.flag("all") or "campaign" in body
        if set_of_them == (ids is not None) or (ids is not None and "reason" in body):
            raise wrong('give ids, or campaign, or "all": true; reason may narrow the last two')
        reason = body.choice("reason", list(Reason))
        meant = Letters(ids, body.name("campaign"), Reason(reason) if reason else None)
        return json(await self._steer(steer, meant))

    async def _reports(self, request: Request) -> Response:
        body = await Body.read(request)
        body.only("orders", "all", "campaign")
        orders = body.names("orders")
        if body.flag("all") == (orders is not None) or (orders is not None and "campaign" in body):
            raise wrong('give orders, or "all": true, which campaign may narrow')
        campaign, now = body.name("campaign"), self._deps.clock.now()
        database = self._deps.sources().database
        return json(await asyncio.to_thread(order_reports.retry, database, now, orders, campaign))

    async def _steer(self, steer: _Steer, meant: Letters) -> dict[str, Any]:
        return await asyncio.to_thread(steer, self._deps.sources().database, meant)


def _see_to_refusals(refused: Sequence[Mapping[str, Any]], name: str) -> None:
    """Answer with a problem if the one thing that was asked for was refused."""
    for one in refused:
        sentence = f"{name} {one[name]}: {one['why']}"
        if one["why"] in {doubts.UNKNOWN, dead_letters.UNKNOWN}:
            raise NotFoundError(sentence)
        raise HTTPException(HTTPStatus.CONFLICT, sentence)
