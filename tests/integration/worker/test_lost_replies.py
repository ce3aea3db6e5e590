import asyncio
from contextlib import suppress

import pytest

from dispatcher.clock import Clock
from dispatcher.errors import TransientError
from dispatcher.worker import Call, Outcome, Worker
from dispatcher.worker.connection import blocking_reader, translated, writer
from dispatcher.worker.placing import Placing
from dispatcher.worker.steps import Entry, Steps
from tests.integration.worker.hopper import Hopper, until, working
from tests.integration.worker.proxy import proxied


class Dialer:
    def __init__(self) -> None:
        self.begun: list[str] = []

    async def __call__(self, call: Call) -> Outcome:
        self.begun.append(call.job)
        return Outcome.COMPLETED


async def test_a_taken_document_whose_reply_is_lost_is_not_dialled_but_gone(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    entry = await hopper.queue("job-1")
    dialer = Dialer()
    async with proxied(redis_url) as proxy:
        proxy.lose_reply("GETDEL")
        async with working(Worker(proxy.url), dialer):
            await until(hopper.outcomes)
        assert proxy.broken == 1
    assert dialer.begun == []
    assert await hopper.reports() == [{"job": "job-1", "entry": entry, "outcome": "gone"}]
    assert await hopper.unread_or_pending() == 0


async def test_a_take_that_never_ran_is_tried_again_and_dialled_once(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    dialer = Dialer()
    async with proxied(redis_url) as proxy:
        proxy.lose_request("GETDEL", times=2)
        async with working(Worker(proxy.url), dialer):
            await until(hopper.outcomes)
        assert proxy.broken == 2
    assert dialer.begun == ["job-1"]
    assert [fields["outcome"] for fields in await hopper.outcomes()] == ["completed"]


@pytest.mark.parametrize("lost", ["reply", "request"])
async def test_an_outcome_is_delivered_with_all_its_effects_though_the_connection_breaks(
    redis_url: str, hopper: Hopper, lost: str
) -> None:
    await hopper.open("phone-1")
    entry = await hopper.queue("job-1")
    dialer = Dialer()
    async with proxied(redis_url) as proxy:
        (proxy.lose_reply if lost == "reply" else proxy.lose_request)("EXEC", times=2)
        async with working(Worker(proxy.url), dialer):
            await until(lambda: proxy.broken == 2)
        outcomes = await hopper.outcomes()
    assert dialer.begun == ["job-1"]
    assert len(outcomes) == (3 if lost == "reply" else 1)
    assert all(fields == {"job": "job-1", "entry": entry, "outcome": "completed"} for fields in outcomes)
    assert await hopper.unread_or_pending() == 0
    assert await hopper.pending() == []


async def test_a_begun_that_cannot_be_told_does_not_stop_the_call(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    dialer = Dialer()
    async with proxied(redis_url) as proxy:
        proxy.lose_request("begun")
        async with working(Worker(proxy.url), dialer):
            await until(hopper.outcomes)
        assert proxy.broken == 1
    assert [fields["outcome"] for fields in await hopper.reports()] == ["completed"]
    assert dialer.begun == ["job-1"]


async def test_a_lost_claim_is_never_dialled_and_the_next_call_is(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    dialer = Dialer()
    async with proxied(redis_url) as proxy:
        await hopper.queue("job-1")
        proxy.lose_reply("XREADGROUP")
        async with working(Worker(proxy.url), dialer):
            await until(lambda: proxy.broken == 1)
            await hopper.queue("job-2")
            await until(hopper.outcomes)
    assert dialer.begun == ["job-2"]
    assert await hopper.has_document("job-1")


async def test_neither_client_repeats_a_command_by_itself(redis_url: str, hopper: Hopper) -> None:
    async with proxied(redis_url) as proxy:
        for client in (writer(proxy.url, 1, "w"), blocking_reader(proxy.url, 1.0, "r")):
            await hopper.redis.delete("stream")
            proxy.lose_reply("XADD", times=20)
            with pytest.raises(TransientError), translated("adding"):
                await client.xadd("stream", {"a": "1"})
            assert await hopper.redis.xlen("stream") == 1
            await client.aclose()


async def test_a_call_claimed_as_the_worker_stops_is_handed_back(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    entry = Entry("phone-1", await hopper.claim("me"), "job-1", None)
    stopping = asyncio.Event()
    stopping.set()
    dialer = Dialer()
    await Placing(Steps(hopper.redis, "dispatcher", "me"), Clock(), stopping, 60).place(entry, dialer)
    assert dialer.begun == []
    assert not await hopper.has_document("job-1")
    assert await hopper.reports() == [{"job": "job-1", "entry": entry.id, "outcome": "gone"}]


async def test_a_document_that_came_late_is_not_dialled(redis_url: str, hopper: Hopper) -> None:
    class Stepping(Clock):
        """A process that was stopped for a minute between any two looks at the clock."""

        minutes = 0

        def monotonic(self) -> float:
            self.minutes += 1
            return self.minutes * 60.0

    await hopper.open("phone-1")
    await hopper.queue("job-1")
    entry = Entry("phone-1", await hopper.claim("me"), "job-1", None)
    dialer = Dialer()
    steps = Steps(hopper.redis, "dispatcher", "me")
    await Placing(steps, Stepping(), asyncio.Event(), 60).place(entry, dialer)
    assert dialer.begun == []
    assert [fields["outcome"] for fields in await hopper.reports()] == ["gone"]


async def test_a_take_that_keeps_failing_ends_when_the_window_has_closed(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    closed = Entry("phone-1", await hopper.claim("me"), "job-1", not_after=1)
    dialer = Dialer()
    async with proxied(redis_url) as proxy:
        proxy.lose_request("GETDEL", times=1)
        client = writer(proxy.url, 1, "me")
        await Placing(Steps(client, "dispatcher", "me"), Clock(), asyncio.Event(), 60).place(closed, dialer)
        await client.aclose()
    assert dialer.begun == []
    assert [fields["outcome"] for fields in await hopper.reports()] == ["gone"]


async def test_an_outcome_is_reported_although_the_end_of_the_heartbeat_went_unheard(
    redis_url: str, hopper: Hopper
) -> None:
    class Deaf(Steps):
        """A cancellation that meets the end of a command is lost, as `asyncio.wait_for` of Python 3.11 may lose it."""

        async def alive(self, entry: Entry) -> bool:
            if not beating.is_set():
                beating.set()
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
            return await super().alive(entry)

    async def dial(_call: Call) -> Outcome:
        await beating.wait()
        return Outcome.COMPLETED

    beating = asyncio.Event()
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    entry = Entry("phone-1", await hopper.claim("me"), "job-1", None)
    async with asyncio.timeout(30):
        await Placing(Deaf(hopper.redis, "dispatcher", "me"), Clock(), asyncio.Event(), 0.01).place(entry, dial)
    assert [fields["outcome"] for fields in await hopper.reports()] == ["begun", "completed"]
