import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from dispatcher.errors import ConfigurationError
from dispatcher.model.call import Call
from dispatcher.worker import Outcome, OutcomeUnknown, Result, Worker
from dispatcher.worker.webhook import Webhook
from tests.integration.worker.hopper import Hopper, document, until, working

CALL = Call.from_document(document("job-1"))

Handler = Callable[[dict[str, str], Any], Awaitable[tuple[int, str] | None]]


@asynccontextmanager
async def dialer(handler: Handler) -> AsyncIterator[str]:
    """Run an HTTP server that answers each post as `handler` says; None closes the connection without an answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head)}
            body = json.loads(await reader.readexactly(int(headers["content-length"])))
            answer = await handler(headers, body)
            if answer is not None:
                status, text = answer
                writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/calls"
    finally:
        server.close()
        await server.wait_closed()


def answering(status: int, text: str = "") -> Handler:
    async def handler(headers: dict[str, str], body: Any) -> tuple[int, str]:
        return status, text

    return handler


async def post(url: str, body: object) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.post(url, json=body)).status_code


async def placed(handler: Handler, **options: Any) -> Result:
    async with dialer(handler) as url, Webhook(url, **options) as webhook:
        return await webhook(CALL)


async def test_the_call_document_is_posted_as_it_is() -> None:
    bodies = []

    async def handler(headers: dict[str, str], body: Any) -> tuple[int, str]:
        bodies.append(body)
        return 200, '{"outcome": "completed"}'

    await placed(handler)
    assert bodies == [document("job-1")]


async def test_a_200_with_an_outcome_is_the_outcome() -> None:
    answer = '{"outcome": "busy", "detail": "engaged", "call_id": "c-1"}'
    assert await placed(answering(200, answer)) == Result(Outcome.BUSY, "engaged", "c-1")


async def test_an_unknown_word_counts_as_failed_and_is_kept() -> None:
    result = await placed(answering(200, '{"outcome": "on-holiday"}'))
    assert result.outcome is Outcome.FAILED
    assert "on-holiday" in str(result.detail)


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"outcome": 7}', '{"detail": "completed"}'])
async def test_a_200_without_an_outcome_is_unknown(text: str) -> None:
    with pytest.raises(OutcomeUnknown, match="answered 200 without an outcome"):
        await placed(answering(200, text))


@pytest.mark.parametrize("status", [201, 204, 502, 504])
async def test_a_status_that_does_not_say_what_happened_is_unknown(status: int) -> None:
    with pytest.raises(OutcomeUnknown, match=str(status)):
        await placed(answering(status))


@pytest.mark.parametrize("status", [302, 400, 401, 404, 422, 500, 503])
async def test_a_refusal_is_a_failed_call(status: int) -> None:
    expected = Result(Outcome.FAILED, f"the dialer refused the call with status {status}")
    assert await placed(answering(status)) == expected


async def test_a_refused_connection_is_a_failed_call() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        async with Webhook(f"http://127.0.0.1:{bound.getsockname()[1]}/") as webhook:
            result = await webhook(CALL)
    assert result.outcome is Outcome.FAILED
    assert "could not be reached (ConnectError" in str(result.detail)


async def test_no_answer_after_the_request_was_sent_is_unknown() -> None:
    asked = asyncio.Event()
    over = asyncio.Event()

    async def handler(headers: dict[str, str], body: Any) -> None:
        asked.set()
        await over.wait()

    async with dialer(handler) as url, Webhook(url, timeout_s=0.3) as webhook:
        with pytest.raises(OutcomeUnknown, match="did not answer \\(ReadTimeout\\)"):
            await webhook(CALL)
        assert asked.is_set()
        over.set()


async def test_a_connection_closed_without_an_answer_is_unknown() -> None:
    async def handler(headers: dict[str, str], body: Any) -> None:
        return None

    with pytest.raises(OutcomeUnknown, match="did not answer"):
        await placed(handler)


async def test_a_202_waits_for_the_outcome_that_is_posted_back() -> None:
    callbacks: asyncio.Queue[str] = asyncio.Queue()

    async def handler(headers: dict[str, str], body: Any) -> tuple[int, str]:
        callbacks.put_nowait(headers["dispatcher-callback"])
        return 202, ""

    async with dialer(handler) as url, Webhook(url) as webhook:
        calling = asyncio.ensure_future(webhook(CALL))
        callback = await callbacks.get()
        assert callback == f"{webhook.callback_url}/calls/job-1/outcome"
        assert await post(callback, {"outcome": "voicemail", "call_id": "c-9"}) == 204
        assert await calling == Result(Outcome.VOICEMAIL, None, "c-9")


async def test_an_outcome_that_is_posted_before_the_202_counts() -> None:
    async def handler(headers: dict[str, str], body: Any) -> tuple[int, str]:
        assert await post(headers["dispatcher-callback"], {"outcome": "no-answer"}) == 204
        return 202, ""

    assert await placed(handler) == Result(Outcome.NO_ANSWER)


async def test_a_202_without_an_outcome_in_time_is_unknown_and_refused_later() -> None:
    async with dialer(answering(202)) as url, Webhook(url, call_timeout_s=0.2) as webhook:
        with pytest.raises(OutcomeUnknown, match=r"within 0\.2 s"):
            await webhook(CALL)
        assert await post(f"{webhook.callback_url}/calls/job-1/outcome", {"outcome": "busy"}) == 404


async def test_an_outcome_is_taken_once_and_a_bad_one_is_refused() -> None:
    statuses: list[int] = []

    async def handler(headers: dict[str, str], body: Any) -> tuple[int, str]:
        reports = ({"result": "busy"}, {"outcome": "busy"}, {"outcome": "completed"})
        statuses.extend([await post(headers["dispatcher-callback"], report) for report in reports])
        return 202, ""

    assert await placed(handler) == Result(Outcome.BUSY)
    assert statuses == [422, 204, 404]


async def test_the_callback_has_the_public_address_that_was_given() -> None:
    seen = []

    async def handler(headers: dict[str, str], body: Any) -> tuple[int, str]:
        seen.append(headers["dispatcher-callback"])
        return 200, '{"outcome": "completed"}'

    await placed(handler, callback_url="https://bridge.example/in/")
    assert seen == ["https://bridge.example/in/calls/job-1/outcome"]


async def test_an_address_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with Webhook("http://dialer.example/", listen=("127.0.0.1", port)):
                pass


@pytest.mark.parametrize("url", ["dialer.example/calls", "ftp://dialer.example/", "http://", "http://a:b:c/"])
def test_an_address_that_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="webhook's address"):
        Webhook(url)


async def test_a_worker_bridges_calls_to_the_dialer(redis_url: str, hopper: Hopper) -> None:
    async def handler(headers: dict[str, str], body: Any) -> tuple[int, str] | None:
        return None if body["job"] == "job-2" else (200, '{"outcome": "completed"}')

    await hopper.open("phone-1")
    unknown = await hopper.queue("job-2")
    await hopper.queue("job-1")
    async with dialer(handler) as url, Webhook(url) as webhook, working(Worker(redis_url, concurrency=1), webhook):
        await until(hopper.outcomes)
    assert [fields["job"] for fields in await hopper.outcomes()] == ["job-1"]
    assert [pending["message_id"] for pending in await hopper.pending()] == [unknown]
