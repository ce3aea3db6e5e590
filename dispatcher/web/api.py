"""The JSON routes: the documents of the command line, and what operators may do."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dispatcher.model.brakes import Scope
from dispatcher.model.dead_letter import Reason
from dispatcher.reports.campaigns import campaigns
from dispatcher.reports.dead_letters import letters
from dispatcher.reports.explain import explain
from dispatcher.reports.finding import find_campaign, find_phone
from dispatcher.reports.jobs import jobs
from dispatcher.reports.order_reports import STATES, untold
from dispatcher.reports.queues import queues
from dispatcher.reports.status import status
from dispatcher.web import queries
from dispatcher.web.bodies import Body
from dispatcher.web.deps import Deps

_MOST_SHOWN = 100


def json(document: Mapping[str, Any], status_code: int = 200) -> Response:
    """Return a document as JSON."""
    return Response(orjson.dumps(document), status_code, media_type="application/json")


class Api:
    """What is under /api."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def routes(self) -> list[Route]:
        """Return the routes, with their whole paths."""
        return [
            Route("/api/status", self._status, methods=["GET"]),
            Route("/api/campaigns", self._campaigns, methods=["GET"]),
            Route("/api/campaigns/{uuid}/explain", self._explain, methods=["GET"]),
            Route("/api/queues", self._queues, methods=["GET"]),
            Route("/api/jobs", self._jobs, methods=["GET"]),
            Route("/api/dead", self._dead, methods=["GET"]),
            Route("/api/reports", self._reports, methods=["GET"]),
            Route("/api/sync", self._sync, methods=["POST"]),
            Route("/api/pause", self._pause_all, methods=["POST"]),
            Route("/api/resume", self._resume_all, methods=["POST"]),
            Route("/api/campaigns/{uuid}/pause", self._pause_campaign, methods=["POST"]),
            Route("/api/campaigns/{uuid}/resume", self._resume_campaign, methods=["POST"]),
            Route("/api/phones/{uuid}/pause", self._pause_phone, methods=["POST"]),
            Route("/api/phones/{uuid}/resume", self._resume_phone, methods=["POST"]),
        ]

    async def _status(self, _request: Request) -> Response:
        return json(await status(self._deps.sources(), self._deps.clock.now()))

    async def _campaigns(self, _request: Request) -> Response:
        return json(await campaigns(self._deps.sources(), self._deps.clock.now()))

    async def _queues(self, _request: Request) -> Response:
        return json(await queues(self._deps.sources(), self._deps.clock.now()))

    async def _explain(self, request: Request) -> Response:
        now = self._deps.clock.now()
        at = queries.instant(request, now)
        order = request.query_params.get("order")
        return json(await explain(self._deps.sources(), request.path_params["uuid"], order, at, now))

    async def _jobs(self, request: Request) -> Response:
        found = await jobs(
            self._deps.sources(),
            self._deps.clock.now(),
            states=queries.states(request),
            campaign=request.query_params.get("campaign"),
            order=request.query_params.get("order"),
            limit=queries.limit(request, _MOST_SHOWN),
        )
        return json(found)

    async def _dead(self, request: Request) -> Response:
        reason = queries.choice(request, "reason", list(Reason))
        found = await self._deps.sources().database.read(
            letters,
            campaign=request.query_params.get("campaign"),
            reason=Reason(reason) if reason else None,
            limit=queries.limit(request, _MOST_SHOWN),
        )
        return json(found)

    async def _reports(self, request: Request) -> Response:
        sources = self._deps.sources()
        found = await sources.database.read(
            untold,
            campaign=request.query_params.get("campaign"),
            state=queries.choice(request, "state", STATES),
            limit=queries.limit(request, _MOST_SHOWN),
        )
        return json({"enabled": sources.settings.report.orders} | found)

    async def _sync(self, request: Request) -> Response:
        return json(await self._deps.request_sync(request.query_params.get("campaign")))

    async def _pause_all(self, request: Request) -> Response:
        return await self._pause(request, Scope.ALL, None)

    async def _resume_all(self, _request: Request) -> Response:
        return await self._resume(Scope.ALL, None)

    async def _pause_campaign(self, request: Request) -> Response:
        return await self._pause(request, Scope.CAMPAIGN, await self._campaign(request))

    async def _resume_campaign(self, request: Request) -> Response:
        return await self._resume(Scope.CAMPAIGN, await self._campaign(request))

    async def _pause_phone(self, request: Request) -> Response:
        return await self._pause(request, Scope.PHONE, await self._phone(request))

    async def _resume_phone(self, request: Request) -> Response:
        return await self._resume(Scope.PHONE, await self._phone(request))

    async def _campaign(self, request: Request) -> str:
        return (await self._deps.sources().database.read(find_campaign, request.path_params["uuid"])).uuid

    async def _phone(self, request: Request) -> str:
        return (await self._deps.sources().database.read(find_phone, request.path_params["uuid"])).uuid

    async def _pause(self, request: Request, scope: Scope, target: str | None) -> Response:
        reason = (await Body.read(request)).text("reason", "why")
        changed = await self._deps.pause(scope, target, reason)
        return json({"scope": scope.value, "target": target, "paused": True, "changed": changed})

    async def _resume(self, scope: Scope, target: str | None) -> Response:
        changed = await self._deps.resume(scope, target)
        return json({"scope": scope.value, "target": target, "paused": False, "changed": changed})
