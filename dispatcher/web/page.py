"""The page at /, made on the server; a small script of our own fetches its changing part anew."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dispatcher import __version__
from dispatcher.errors import TransientError
from dispatcher.model.attempt import State
from dispatcher.reports.campaigns import campaigns
from dispatcher.reports.dead_letters import letters
from dispatcher.reports.jobs import jobs
from dispatcher.reports.queues import queues
from dispatcher.reports.status import status
from dispatcher.rules import zones
from dispatcher.web.deps import Deps
from dispatcher.web.view import MOST_ROWS, rows, seconds, span

_STATIC = {"page.css": "text/css", "page.js": "text/javascript"}


_MOST_LISTED = 10
"""Of calls and letters that wait for a person, so many are shown, and all are counted."""

_FRESH_S = 1.0
"""For so long what was made for one reader is good for others."""


class Page:
    """The page, its changing part by itself, and its two files."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._templates = Environment(
            loader=PackageLoader("dispatcher.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"span": span, "seconds": seconds}
        self._making = asyncio.Lock()
        self._made = ""
        self._stale_at = float("-inf")
        self._static = {name: files("dispatcher.web").joinpath("static", name).read_bytes() for name in _STATIC}

    def routes(self) -> list[Route]:
        """Return the routes, with their whole paths."""
        return [
            Route("/", self._page, methods=["GET"]),
            Route("/fragment", self._fragment, methods=["GET"]),
            *(Route(f"/static/{name}", self._file(name), methods=["GET"]) for name in _STATIC),
        ]

    async def _page(self, _request: Request) -> Response:
        page = self._templates.get_template("page.html")
        return HTMLResponse(page.render(version=__version__, tzdata=zones.source(), live=await self._live()))

    async def _fragment(self, _request: Request) -> Response:
        return HTMLResponse(await self._live())

    def _file(self, name: str) -> Any:
        async def answer(_request: Request) -> Response:
            return Response(self._static[name], media_type=_STATIC[name])

        return answer

    async def _live(self) -> str:
        """Return the changing part; many readers cost no more than one."""
        clock = self._deps.clock
        async with self._making:
            if self._stale_at <= clock.monotonic():
                self._made = await self._make(clock.now())
                self._stale_at = clock.monotonic() + _FRESH_S
            return self._made

    async def _make(self, now: datetime) -> str:
        sources = self._deps.sources()
        standing = await status(sources, now)
        found: Mapping[str, Any] | None = None
        lines: Mapping[str, Any] | None = None
        held: Mapping[str, Any] = {"jobs": ()}
        dead: Mapping[str, Any] = {"letters": ()}
        with suppress(TransientError):  # the status says so, and why
            found, lines = await campaigns(sources, now), await queues(sources, now)
            held = await jobs(sources, now, states=[State.UNCERTAIN], limit=_MOST_LISTED)
            dead = await sources.database.read(letters, limit=_MOST_LISTED)
        left = {"held": held["jobs"], "dead": dead["letters"]}
        return await asyncio.to_thread(self._write, standing, found, lines, left, now)

    def _write(
        self,
        standing: Mapping[str, Any],
        found: Mapping[str, Any] | None,
        lines: Mapping[str, Any] | None,
        left: Mapping[str, Sequence[Mapping[str, Any]]],
        now: datetime,
    ) -> str:
        listed = rows(found, now) if found is not None else None
        return self._templates.get_template("live.html").render(
            now=now,
            status=standing,
            rows=listed[:MOST_ROWS] if listed is not None else None,
            more=max(0, len(listed) - MOST_ROWS) if listed is not None else 0,
            dialling=sum(row.kind in {"go", "limit"} for row in listed) if listed is not None else None,
            blocked=sum(row.kind == "blocked" for row in listed) if listed is not None else None,
            due=sum(row.due for row in listed) if listed is not None else None,
            phones=lines["phones"] if lines is not None else None,
            names={row.uuid: row.name for row in listed or ()},
            **left,
        )
