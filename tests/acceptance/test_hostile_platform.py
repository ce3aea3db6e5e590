"""A platform that sends back what it is sent, and one whose campaigns change: what the daemon says and does of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dispatcher.clock import Clock
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.server import Server
from tests.acceptance.harness import ALWAYS, TOKEN, Daemon, Platform, RawDialer
from tests.acceptance.seen import Make, MakeDialer
from tests.waiting import eventually

DAYS = list(ALWAYS)


class Echo:
    """The sandbox; with a `status`, an answer to the `page`s of its lists that has the request's token all over."""

    def __init__(self, platform: Platform) -> None:
        self._inner: ASGIApp = create_app(platform.store, TOKEN, Clock())
        self.status: int | None = None
        self.page: str | None = None
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.asked.append(f"{request.url.path.removeprefix('/api/')}?{request.url.query}")
        if self.status is None or (self.page is not None and request.query_params.get("page") != self.page):
            await self._inner(scope, receive, send)
            return
        told = request.headers["authorization"].removeprefix("Bearer ")
        headers = {"Location": f"http://{told}.example/{told}?token={quote(told)}", "ETag": told, "Retry-After": told}
        await Response(f"<h1>{told}</h1>", self.status, headers, "text/html; charset=" + told)(scope, receive, send)


@asynccontextmanager
async def echoing(platform: Platform) -> AsyncIterator[tuple[Echo, str]]:
    app = Echo(platform)
    async with Server(app) as server:
        yield app, server.url


async def test_a_token_that_is_sent_back_shows_nowhere_and_a_refused_one_is_named_until_it_is_accepted(
    platform: Platform, make_daemon: Make
) -> None:
    for _ in range(110):
        platform.campaign(status="archived")
    said: list[str] = []
    async with echoing(platform) as (echo, url):
        daemon = make_daemon(
            DISPATCHER_API__BASE_URL=url, DISPATCHER_LOG__LEVEL="debug", DISPATCHER_SYNC__WHOLE_INTERVAL="1s"
        )
        await daemon.up()
        assert daemon._process is not None
        processes = await asyncio.create_subprocess_exec(
            "ps", "-ww", "-o", "args=", "-p", str(daemon._process.pid), stdout=asyncio.subprocess.PIPE
        )
        said.append((await processes.communicate())[0].decode())
        assert "dispatcher run" in said[0]
        # The second page only: what is read of a list before it is refused holds, and the pass has failed all the same.
        echo.page = "2"
        for status, words in (
            (401, "api.token (401 at campaigns)"),
            (302, "somewhere else"),
            (500, "500 at campaigns"),
        ):
            echo.status = status
            await daemon.post("/api/sync")
            await eventually(lambda: platform_says(daemon, words), what=words)  # noqa: B023 (awaited here)
            said += [(await daemon.get(path)).text for path in ("/readyz", "/metrics", "/", "/api/status")]
        echo.page, echo.status = None, 401
        code, output, errors = await daemon.command("check")
        assert (code, "api.token (401 at auth/me)" in output + errors) == (1, True)
        said += [output, errors]
        echo.status = 200
        for name in ("check", "sync"):
            code, *texts = await daemon.command(name)
            assert code == 1
            said += texts
        echo.status = None
        await daemon.post("/api/sync")
        await eventually(daemon.ready, what="the daemon to be well again")
        said += (await daemon.command("sync", "log", "-o", "json"))[1:]
        said += [(await daemon.get(path)).text for path in ("/readyz", "/metrics", "/", "/api/status")]
        await daemon.stop()
    said.append(daemon.log())
    assert "refuses the token of api.token" in daemon.log()
    # By its beginning: lines may be wrapped, and a word's case may have changed on the way.
    assert [text for text in said if TOKEN[:12].casefold() in text.casefold()] == []


async def platform_says(daemon: Daemon, words: str) -> bool:
    answer = await daemon.get("/readyz")
    return answer.status_code == 503 and words in answer.json()["parts"]["platform"]["detail"]


async def test_one_pass_over_active_campaigns_brings_a_pause_a_deletion_and_a_changed_schedule(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    stays, paused, deleted, closed = (platform.campaign(name=name) for name in ("stays", "paused", "deleted", "closed"))
    for place, uuid in enumerate((stays, paused, deleted, closed)):
        platform.orders(uuid, 1, start=place)
    for _ in range(110):
        platform.campaign(status="archived")
    async with echoing(platform) as (echo, url):
        # No pass but the one that is asked for.
        daemon, dialer = (
            make_daemon(
                DISPATCHER_API__BASE_URL=url,
                DISPATCHER_SYNC__INTERVAL="1h",
                DISPATCHER_SYNC__MAX_STALENESS="2h",
                DISPATCHER_SYNC__WHOLE_INTERVAL="24h",
                DISPATCHER_HOPPER__LEASE="60s",
                DISPATCHER_HOPPER__CLAIM_TIMEOUT="60s",
            ),
            make_dialer(),
        )
        await daemon.up()
        await eventually(lambda: _queues(dialer, {stays, paused, deleted, closed}), what="a call of each")
        read_at = (await daemon.json("status"))["mirror"]["synced_at"]
        echo.asked.clear()

        platform.change(paused, status="paused")
        platform.store.campaigns.pop(deleted)
        today = datetime.now(UTC).weekday()
        platform.change(closed, schedule={DAYS[(today + 3) % 7]: {"start": "09:00", "end": "10:00"}})
        await daemon.post("/api/sync")
        await eventually(lambda: _queues(dialer, {stays}), what="only what may be called to be left")

        asked = [one for one in echo.asked if one.startswith("campaigns") and "/orders" not in one]
        assert all("status=active" in one or one in {f"campaigns/{paused}?", f"campaigns/{deleted}?"} for one in asked)
        mirror = await eventually(lambda: _read_since(daemon, read_at), what="the pass to be noted")
        assert 0 <= mirror["age_s"] < 3600
        assert 0 <= (await daemon.json("campaigns"))["age_s"] < 3600
        assert "The platform was read " in (await daemon.command("campaigns"))[1]
        assert "Platform read" in (await daemon.get("/")).text
        await daemon.stop()


async def _queues(dialer: RawDialer, campaigns: set[str]) -> bool:
    found = await dialer.redis.mget(documents) if (documents := await dialer.documents()) else []
    return {json.loads(one)["campaignUuid"] for one in found if one} == campaigns


async def _read_since(daemon: Daemon, at: str) -> dict[str, float] | None:
    mirror: dict[str, float] = (await daemon.json("status"))["mirror"]
    return mirror if str(mirror["synced_at"]) > at else None
