"""Outcomes that a dialer posts back, over real sockets and into a real Redis."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from dispatcher.worker import Outcome, OutcomeReported, OutcomeUnknown, Result, Worker
from dispatcher.worker.steps import Entry
from dispatcher.worker.webhook import Webhook
from tests.integration.worker.dialer import CALL, answering, call, dialer, nowhere, placed, post
from tests.integration.worker.hopper import Hopper, until, working
from tests.integration.worker.proxy import proxied
from tests.servers import Redis

SECRET = f"whsec_{b64encode(bytes(32)).decode()}"
OTHER = f"whsec_{b64encode(bytes(range(32))).decode()}"


class Told:
    """What was delivered to Redis."""

    def __init__(self) -> None:
        self.reports: list[tuple[Entry, Result]] = []

    async def __call__(self, entry: Entry, result: Result) -> None:
        self.reports.append((entry, result))


@asynccontextmanager
async def bridge(told: Told, secret: str | None = SECRET) -> AsyncIterator[Webhook]:
    """A bridge that has posted nothing."""
    async with Webhook("http://dialer.example/", told, secret=secret) as webhook:
        yield webhook


async def test_a_202_waits_for_the_outcome_that_is_posted_back() -> None:
    callbacks: asyncio.Queue[str] = asyncio.Queue()
    told = Told()

    async def handler(headers: dict[str, str], body: bytes) -> tuple[int, str]:
        callbacks.put_nowait(headers["dispatcher-callback"])
        return 202, ""

    async with dialer(handler) as url, Webhook(url, told) as webhook:
        calling = asyncio.ensure_future(webhook(CALL))
        assert await post(await callbacks.get(), {"outcome": "voicemail", "call_id": "c-9"}) == 204
        with pytest.raises(OutcomeReported):
            await calling
    assert told.reports == [(Entry("phone-1", "1-1", "job-1", None), Result(Outcome.VOICEMAIL, None, "c-9"))]


@pytest.mark.parametrize("status", [202, 200, 500, None])
async def test_an_outcome_that_is_posted_first_counts_whatever_is_answered(status: int | None) -> None:
    async def handler(headers: dict[str, str], body: bytes) -> tuple[int, str] | None:
        assert await post(headers["dispatcher-callback"], {"outcome": "no-answer"}) == 204
        return None if status is None else (status, '{"outcome": "completed"}')

    with pytest.raises(OutcomeReported):
        await placed(handler)


async def test_an_outcome_that_comes_after_the_wait_is_taken_all_the_same() -> None:
    told = Told()
    async with dialer(answering(202)) as url, Webhook(url, told, call_timeout_s=0.2) as webhook:
        with pytest.raises(OutcomeUnknown, match=r"within 0\.2 s"):
            await webhook(CALL)
        assert await post(webhook.callback_for(CALL), {"outcome": "busy"}) == 204
    assert [result.outcome for _, result in told.reports] == [Outcome.BUSY]


async def test_an_outcome_is_taken_by_a_bridge_that_was_started_anew_with_the_same_secret() -> None:
    async with bridge(Told()) as before:
        address = urlsplit(before.callback_for(CALL))
    told = Told()
    async with bridge(told) as after:
        answer = await post(f"{after._callback.url}{address.path}?{address.query}", {"outcome": "completed"})
    assert answer == 204
    assert told.reports == [(Entry("phone-1", "1-1", "job-1", None), Result(Outcome.COMPLETED))]


@pytest.mark.parametrize("secret", [OTHER, None])
async def test_an_address_of_another_secret_is_refused(secret: str | None) -> None:
    told = Told()
    async with bridge(Told(), secret) as stranger, bridge(told) as ours:
        address = urlsplit(stranger.callback_for(CALL))
        assert await post(f"{ours._callback.url}{address.path}?{address.query}", {"outcome": "completed"}) == 403
    assert told.reports == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/calls/job-1/", "/calls/job-2/"),
        ("phone=phone-1", "phone=phone-2"),
        ("entry=1-1", "entry=1-2"),
        ("token=", "token=x"),
        ("token=", "other="),
        ("token=", "token=%FF%C3%A4"),
    ],
)
async def test_an_address_that_was_changed_is_refused(old: str, new: str) -> None:
    told = Told()
    async with bridge(told) as webhook:
        address = webhook.callback_for(CALL)
        assert old in address
        assert await post(address.replace(old, new), {"outcome": "completed"}) == 403
    assert told.reports == []


async def test_a_repeat_changes_nothing_and_a_contradiction_is_refused() -> None:
    told = Told()
    async with bridge(told) as webhook:
        address = webhook.callback_for(CALL)
        statuses = [
            await post(address, {"outcome": outcome, "detail": "x"}) for outcome in ("busy", "busy", "completed")
        ]
    assert statuses == [204, 204, 409]
    assert len(told.reports) == 1


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b'{"result": "busy"}', b"\xff", b"[" * 10_000])
async def test_a_body_that_is_no_outcome_is_refused_and_a_good_one_follows(body: bytes) -> None:
    told = Told()
    async with bridge(told) as webhook:
        address = webhook.callback_for(CALL)
        assert await post(address, content=body) == 422
        assert await post(address, {"outcome": "busy"}) == 204
    assert len(told.reports) == 1


async def test_a_body_without_end_is_refused() -> None:
    async with bridge(Told()) as webhook:
        assert await post(webhook.callback_for(CALL), content=b" " * 70_000) == 413


async def test_gone_cannot_be_posted() -> None:
    told = Told()
    async with bridge(told) as webhook:
        assert await post(webhook.callback_for(CALL), {"outcome": "gone"}) == 204
    assert [result.outcome for _, result in told.reports] == [Outcome.FAILED]


async def test_the_address_begins_with_the_public_one_that_was_given() -> None:
    async with Webhook("http://dialer.example/", nowhere, callback_url="https://bridge.example/in/") as webhook:
        address = webhook.callback_for(call("a/b"))
    assert address.startswith("https://bridge.example/in/calls/a%2Fb/outcome?phone=phone-1&entry=1-1&token=")


async def test_an_outcome_is_answered_for_only_once_redis_has_it(own_redis: Redis) -> None:
    hopper = Hopper(own_redis.url)
    worker = Worker(own_redis.url)
    async with Webhook("http://dialer.example/", worker.report) as webhook:
        own_redis.kill()
        async with httpx.AsyncClient() as client:
            refused = await client.post(webhook.callback_for(CALL), json={"outcome": "busy"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        own_redis.start()
        await hopper.open("phone-1")
        assert await post(webhook.callback_for(CALL), {"outcome": "busy"}) == 204
    assert await hopper.reports() == [{"job": "job-1", "entry": "1-1", "outcome": "busy"}]
    await worker._writer.aclose()
    await worker._reader.aclose()
    await hopper.redis.aclose()


async def test_a_worker_reports_a_call_once_whose_outcome_is_posted(redis_url: str, hopper: Hopper) -> None:
    async def handler(headers: dict[str, str], body: bytes) -> tuple[int, str]:
        assert await post(headers["dispatcher-callback"], {"outcome": "voicemail"}) == 204
        return 202, ""

    await hopper.open("phone-1")
    entry = await hopper.queue("job-1")
    worker = Worker(redis_url)
    async with dialer(handler) as url, Webhook(url, worker.report, secret=SECRET) as webhook, working(worker, webhook):
        await until(hopper.outcomes)
        await until(lambda: not worker._calls)
    assert await hopper.outcomes() == [{"job": "job-1", "entry": entry, "outcome": "voicemail"}]
    assert await hopper.pending() == []


async def test_a_posted_outcome_whose_reply_from_redis_is_lost_is_asked_for_again(
    redis_url: str, hopper: Hopper
) -> None:
    await hopper.open("phone-1")
    async with proxied(redis_url) as proxy:
        worker = Worker(proxy.url)
        async with Webhook("http://dialer.example/", worker.report) as webhook:
            proxy.lose_reply("EXEC")
            assert await post(webhook.callback_for(CALL), {"outcome": "busy"}) == 503
            assert await post(webhook.callback_for(CALL), {"outcome": "busy"}) == 204
        await worker._writer.aclose()
        await worker._reader.aclose()
    # Twice in the stream, and applied once.
    assert [fields["outcome"] for fields in await hopper.outcomes()] == ["busy", "busy"]
