import asyncio
import hashlib
import hmac
import json
import socket
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
import structlog.testing

from dispatcher.errors import ConfigurationError
from dispatcher.worker import Outcome, OutcomeUnknown, Result, Worker
from dispatcher.worker.webhook import Webhook
from tests.integration.worker.dialer import CALL, answering, call, dialer, nowhere, placed
from tests.integration.worker.hopper import Hopper, document, until, working


async def test_the_call_document_is_posted_as_it_is() -> None:
    bodies = []

    async def handler(headers: dict[str, str], body: bytes) -> tuple[int, str]:
        bodies.append(json.loads(body))
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


@pytest.mark.parametrize("status", [201, 204, 500, 502, 504])
async def test_a_status_that_does_not_say_what_happened_is_unknown(status: int) -> None:
    with pytest.raises(OutcomeUnknown, match=str(status)):
        await placed(answering(status))


@pytest.mark.parametrize("status", [302, 400, 401, 404, 422, 501, 503])
async def test_a_refusal_is_a_failed_call(status: int) -> None:
    expected = Result(Outcome.FAILED, f"the dialer refused the call with status {status}")
    assert await placed(answering(status)) == expected


async def test_a_refused_connection_is_a_failed_call() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        async with Webhook(f"http://127.0.0.1:{bound.getsockname()[1]}/", nowhere) as webhook:
            result = await webhook(CALL)
    assert result.outcome is Outcome.FAILED
    assert "could not be reached (ConnectError" in str(result.detail)


async def test_no_answer_after_the_request_was_sent_is_unknown() -> None:
    asked = asyncio.Event()
    over = asyncio.Event()

    async def handler(headers: dict[str, str], body: bytes) -> None:
        asked.set()
        await over.wait()

    async with dialer(handler) as url, Webhook(url, nowhere, timeout_s=0.3) as webhook:
        with pytest.raises(OutcomeUnknown, match="did not answer \\(ReadTimeout\\)"):
            await webhook(CALL)
        assert asked.is_set()
        over.set()


async def test_a_connection_closed_without_an_answer_is_unknown() -> None:
    async def handler(headers: dict[str, str], body: bytes) -> None:
        return None

    with pytest.raises(OutcomeUnknown, match="did not answer"):
        await placed(handler)


async def test_an_address_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with Webhook("http://dialer.example/", nowhere, listen=("127.0.0.1", port)):
                pass


@pytest.mark.parametrize("url", ["dialer.example/calls", "ftp://dialer.example/", "http://", "http://a:b:c/"])
def test_an_address_that_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="webhook's address"):
        Webhook(url, nowhere)


async def test_a_worker_bridges_calls_to_the_dialer(redis_url: str, hopper: Hopper) -> None:
    async def handler(headers: dict[str, str], body: bytes) -> tuple[int, str] | None:
        return None if json.loads(body)["job"] == "job-2" else (200, '{"outcome": "completed"}')

    await hopper.open("phone-1")
    unknown = await hopper.queue("job-2")
    await hopper.queue("job-1")
    worker = Worker(redis_url, concurrency=1)
    async with dialer(handler) as url, Webhook(url, worker.report) as webhook, working(worker, webhook):
        await until(hopper.outcomes)
    assert [fields["job"] for fields in await hopper.outcomes()] == ["job-1"]
    assert [pending["message_id"] for pending in await hopper.pending()] == [unknown]


async def test_a_dialer_that_starts_anew_just_then_is_tried_until_it_listens() -> None:
    posted: list[str] = []

    async def handler(headers: dict[str, str], body: bytes) -> tuple[int, str]:
        posted.append(headers["webhook-id"])
        return 200, '{"outcome": "completed"}'

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        port = bound.getsockname()[1]
        async with Webhook(f"http://127.0.0.1:{port}/", nowhere) as webhook:
            with structlog.testing.capture_logs() as logs:
                calling = asyncio.ensure_future(webhook(call(not_after=datetime.now(UTC) + timedelta(hours=1))))
                await until(lambda: [line["event"] for line in logs] == ["dialer out of reach"])
            bound.close()
            async with dialer(handler, port):
                assert await calling == Result(Outcome.COMPLETED)
    assert posted == ["job-1"]


async def test_a_post_that_may_have_arrived_is_never_repeated() -> None:
    posted: list[bytes] = []

    async def handler(headers: dict[str, str], body: bytes) -> None:
        posted.append(body)

    open_call = call(not_after=datetime.now(UTC) + timedelta(hours=1))
    async with dialer(handler) as url, Webhook(url, nowhere) as webhook:
        with pytest.raises(OutcomeUnknown):
            await webhook(open_call)
    assert len(posted) == 1


async def test_an_answer_that_comes_byte_by_byte_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dispatcher.worker.webhook.PATIENCE_S", 0.0)
    over = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not over.is_set():
            writer.write(b"x: y\r\n")
            await asyncio.sleep(0.02)
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with Webhook(url, nowhere, timeout_s=0.2) as webhook:
        with pytest.raises(OutcomeUnknown, match="did not answer"):
            await webhook(CALL)
    over.set()
    server.close()
    await server.wait_closed()


async def test_a_request_is_signed_by_the_public_convention() -> None:
    seen: list[tuple[dict[str, str], bytes]] = []

    async def handler(headers: dict[str, str], body: bytes) -> tuple[int, str]:
        seen.append((headers, body))
        return 200, '{"outcome": "completed"}'

    key = bytes(range(32))
    await placed(handler, secret=f"whsec_{b64encode(key).decode()}")
    [(headers, body)] = seen
    stamp = headers["webhook-timestamp"]
    assert abs(int(stamp) - time.time()) < 60
    signed = hmac.new(key, b"job-1." + stamp.encode() + b"." + body, hashlib.sha256).digest()
    assert headers["webhook-id"] == "job-1"
    assert headers["webhook-signature"] == f"v1,{b64encode(signed).decode()}"
    assert headers["content-type"] == "application/json"


async def test_without_a_secret_a_request_has_its_id_and_no_signature() -> None:
    seen: list[dict[str, str]] = []

    async def handler(headers: dict[str, str], body: bytes) -> tuple[int, str]:
        seen.append(headers)
        return 200, '{"outcome": "completed"}'

    await placed(handler)
    assert seen[0]["webhook-id"] == "job-1"
    assert "webhook-signature" not in seen[0]


@pytest.mark.parametrize("secret", ["", "whsec_", "hunter2", "whsec_" + "A" * 28, "whsec_" + "A" * 92, "whsec_ÄÖ"])
def test_a_secret_that_is_no_key_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ConfigurationError, match=r"worker\.webhook_secret must be") as refused:
        Webhook("http://dialer.example/", nowhere, secret=secret)
    assert not secret.removeprefix("whsec_") or secret not in str(refused.value)
