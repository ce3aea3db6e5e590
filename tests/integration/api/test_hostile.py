import asyncio
import json
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dispatcher.api.client import PAGE_SIZE, Platform
from dispatcher.clock import Clock
from dispatcher.errors import DispatcherError, NotFoundError, PermanentError, TransientError
from dispatcher.sandbox.server import Server
from tests.integration.api.conftest import TOKEN, Connect
from tests.integration.api.hostile import Hostile, as_json

ATTEMPTS = 4
GOOD = as_json({"user": "me"})


async def failed(platform: Platform, error: type[DispatcherError]) -> str:
    with pytest.raises(error) as caught:
        await platform.me()
    said = str(caught.value)
    assert TOKEN not in said
    assert "\n" not in said
    return said


async def test_every_request_bears_the_token_and_asks_for_json(connect: Connect) -> None:
    app = Hostile([GOOD])
    assert await (await connect(app)).me() == {"user": "me"}
    (request,) = app.requests
    assert request.url.path == "/api/auth/me"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"].startswith("callcamp-dispatcher/")


async def test_a_page_is_asked_for_by_number_and_as_large_as_can_be(connect: Connect) -> None:
    def page(request: Request) -> Response:
        number = int(request.query_params["page"])
        return as_json({"phones": [{"uuid": f"p{number}"}], "total": 3, "totalPages": 3})

    app = Hostile([page])
    platform = await connect(app)
    uuids = [json.loads(one.items[0])["uuid"] async for one in platform.pages("phones", "phones")]
    assert uuids == ["p1", "p2", "p3"]
    assert [dict(request.query_params) for request in app.requests] == [
        {"page": str(number), "limit": str(PAGE_SIZE)} for number in (1, 2, 3)
    ]


async def test_a_list_that_promises_more_pages_than_it_has_comes_to_an_end(connect: Connect) -> None:
    full = as_json({"phones": [{"uuid": "a"}], "total": 1, "totalPages": 1000})
    app = Hostile([full, as_json({"phones": [], "total": 1, "totalPages": 1000})])
    pages = [page async for page in (await connect(app)).pages("phones", "phones")]
    assert [len(page.items) for page in pages] == [1, 0]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_is_not_tried_again(connect: Connect, status: int) -> None:
    app = Hostile([as_json({"message": TOKEN}, status)])
    said = await failed(await connect(app), PermanentError)
    assert f"({status} at auth/me)" in said
    assert len(app.requests) == 1


@pytest.mark.parametrize(("status", "error"), [(400, PermanentError), (404, NotFoundError), (422, PermanentError)])
async def test_a_request_that_is_refused_is_not_tried_again(
    connect: Connect, status: int, error: type[DispatcherError]
) -> None:
    app = Hostile([as_json({}, status)])
    assert str(status) in await failed(await connect(app), error)
    assert len(app.requests) == 1


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_platform_in_trouble_is_tried_again_and_then_given_up(connect: Connect, status: int) -> None:
    app = Hostile([as_json({}, status)])
    assert f"the platform answers {status} at auth/me" in await failed(await connect(app), TransientError)
    assert len(app.requests) == ATTEMPTS


@pytest.mark.usefixtures("at_once")
async def test_a_platform_that_recovers_is_believed(connect: Connect) -> None:
    app = Hostile([as_json({}, 500), Response("<html>", 200), as_json({}, 503), GOOD])
    assert await (await connect(app)).me() == {"user": "me"}


async def test_a_wait_that_the_platform_asks_for_is_kept(connect: Connect) -> None:
    app = Hostile([as_json({}, 429, retry_after="1"), GOOD])
    await (await connect(app)).me()
    first, second = app.asked_at
    assert second - first >= 1.0


@pytest.mark.parametrize(
    "asked", ["nan", "-5", "soon", "", "Sat, 01 Jan 2000 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00"]
)
async def test_a_wait_that_makes_no_sense_is_a_short_one(connect: Connect, asked: str) -> None:
    app = Hostile([as_json({}, 503, retry_after=asked), GOOD])
    platform = await connect(app)
    async with asyncio.timeout(30):
        assert await platform.me() == {"user": "me"}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("body", [b"", b"<html>Sign in</html>", b'{"user": ', b"\xff\xfe"])
async def test_an_answer_that_is_no_json_is_said_to_be(connect: Connect, body: bytes) -> None:
    app = Hostile([Response(body, 200)])
    assert "auth/me answered something that is not JSON" in await failed(await connect(app), TransientError)
    assert len(app.requests) == ATTEMPTS


@pytest.mark.parametrize("answer", [[], "me", None, 1])
async def test_an_answer_that_is_no_object_is_said_to_be(connect: Connect, answer: object) -> None:
    platform = await connect(Hostile([as_json(answer)]))
    assert "/auth/me answered something else than is documented: Expected" in await failed(platform, TransientError)
    with pytest.raises(TransientError, match=r"/campaigns/x answered something else than is documented: Expected"):
        await platform.campaign("x")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_token_does_not_follow_a_redirect(connect: Connect, status: int) -> None:
    elsewhere = Hostile([GOOD])
    async with Server(elsewhere) as other:
        platform = await connect(Hostile([RedirectResponse(other.url, status)]))
        said = await failed(platform, PermanentError)
    assert f"redirects to {other.url}: set api.base_url to where the API is" in said
    assert elsewhere.requests == []


@pytest.mark.usefixtures("at_once")
async def test_a_platform_that_hangs_is_given_up(connect: Connect) -> None:
    app = Hostile([GOOD], hangs=True)
    # Long enough for each request to reach it, on a busy machine too.
    assert "did not answer in time (api.timeout)" in await failed(await connect(app, timeout_s=0.5), TransientError)
    assert len(app.requests) == ATTEMPTS


@pytest.mark.usefixtures("at_once")
async def test_a_platform_that_is_not_there_is_named() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    platform = Platform(f"http://127.0.0.1:{port}/api", TOKEN, timedelta(seconds=1), Clock())
    said = await failed(platform, TransientError)
    assert f"the platform at http://127.0.0.1:{port}/api cannot be reached" in said
    await platform.close()


@pytest.mark.parametrize("date", ["junk", "", "Sat, 21 Nov 2026 10:00:00 -0000", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_no_date_makes_a_request_fail(connect: Connect, date: str) -> None:
    assert await (await connect(Hostile([as_json({}, date=date)]))).me() == {}


@pytest.mark.parametrize("minutes", [-7, 0, 7])
async def test_the_platforms_clock_is_compared_with_the_hosts(connect: Connect, minutes: int) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    platform = await connect(Hostile([as_json({}, date=date)]))
    await platform.me()
    assert platform.skew is not None
    assert abs(platform.skew - timedelta(minutes=minutes)) < timedelta(seconds=10)


async def test_half_a_character_does_not_hide_a_page(connect: Connect) -> None:
    body = b'{"phones": [{"uuid": "a", "name": "cut \\ud83d"}, {"uuid": "b"}], "total": 2, "totalPages": 1}'
    (page,) = [page async for page in (await connect(Hostile([Response(body, 200)]))).pages("phones", "phones")]
    assert [json.loads(item)["uuid"] for item in page.items] == ["a", "b"]
