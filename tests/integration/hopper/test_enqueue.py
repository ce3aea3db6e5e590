import asyncio
import time
from datetime import UTC, datetime, timedelta

from dispatcher.hopper import keys
from dispatcher.hopper.queue import Finding, Queue
from tests.integration.hopper.line import LEASE, PREFIX, Line, in_time, too_late


async def test_a_queued_call_is_an_entry_a_document_and_a_mark(line: Line) -> None:
    (entry,) = await line.enqueue("job")
    claimed = await line.claim()
    assert claimed is not None
    id_, fields = claimed
    assert id_ == entry == await line.seen()
    assert set(fields) == {"job", "campaign", "order", "assistant", "not_after"}
    assert (fields["job"], fields["campaign"], fields["order"]) == ("job", "campaign", "order")
    assert abs(int(fields["not_after"]) - time.time() * 1000 - LEASE.total_seconds() * 1000) < 10_000
    assert await line.getdel() == "document of job"
    assert await line.getdel() is None


async def test_calls_are_queued_in_order(line: Line) -> None:
    entries = await line.enqueue("c", "a", "b")
    assert await line.entries() == ["c", "a", "b"]
    assert entries == sorted(entry for entry in entries if entry)


async def test_a_job_is_queued_once_whoever_asks_again(line: Line) -> None:
    first = await line.enqueue("a", "b")
    later = Line(line.url)
    later.queue = Queue(later.redis, PREFIX, 6)
    await later.queue.adopt(line.phone, create=False)
    assert await later.enqueue("b", "a", "c") == [first[1], first[0], (await later.enqueue("c"))[0]]
    assert await line.entries() == ["a", "b", "c"]
    await later.close()


async def test_a_job_twice_in_one_batch_is_queued_once(line: Line) -> None:
    first, second = await line.enqueue("job", "job")
    assert first == second
    assert await line.entries() == ["job"]


async def test_two_that_queue_at_once_queue_once(line: Line) -> None:
    answers = await asyncio.gather(*(line.enqueue("a", "b", "c") for _ in range(10)))
    assert all(answer == answers[0] for answer in answers)
    assert await line.entries() == ["a", "b", "c"]


async def test_a_begun_call_is_not_queued_again(line: Line) -> None:
    (entry,) = await line.enqueue("job")
    await line.claim()
    await line.getdel()
    assert await line.enqueue("job") == [entry]
    assert await line.document() is None
    assert entry is not None
    await line.finish(entry)
    assert await line.enqueue("job") == [entry]
    assert await line.entries() == []


async def test_a_call_that_comes_too_late_is_never_queued(line: Line) -> None:
    assert await line.enqueue("job", expires_at=too_late()) == [None]
    assert await line.seen() == "taken"
    assert await line.enqueue("job", expires_at=in_time()) == [None]
    assert await line.entries() == []
    assert await line.document() is None
    assert await line.take_back() is Finding.TAKEN


async def test_a_call_that_was_taken_back_is_never_queued_again(line: Line) -> None:
    await line.enqueue("taken", "lapsed")
    await line.expire("lapsed")
    assert await line.take_back("taken") is Finding.TAKEN
    assert await line.take_back("lapsed") is Finding.LAPSED
    assert await line.enqueue("taken", "lapsed", "new") == [None, None, await line.seen("new")]
    assert await line.entries() == ["new"]


async def test_a_document_expires_by_itself(line: Line) -> None:
    await line.enqueue("job", expires_at=datetime.now(UTC) + timedelta(milliseconds=150))
    assert await line.document() is not None
    async with asyncio.timeout(60):
        while await line.document() is not None:
            await asyncio.sleep(0.01)
    assert await line.take_back() is Finding.LAPSED


async def test_a_document_lives_until_its_deadline_on_the_servers_clock(line: Line) -> None:
    until = in_time()
    line.queue.skew = timedelta(seconds=20)
    await line.enqueue("job", expires_at=until)
    expires = await line.redis.pexpiretime(keys.call(PREFIX, line.phone, "job"))
    assert expires == int((until + timedelta(seconds=20)).timestamp() * 1000)
    line.queue.skew = timedelta(seconds=-20)
    await line.renew(until=until)
    assert await line.redis.pexpiretime(keys.call(PREFIX, line.phone, "job")) == expires - 40_000


async def test_a_deadline_that_is_over_on_the_servers_clock_is_too_late(line: Line) -> None:
    line.queue.skew = -2 * LEASE
    assert await line.enqueue("job", expires_at=in_time()) == [None]


async def test_a_batch_of_hundreds_is_queued_in_one_go(line: Line) -> None:
    jobs = [f"job-{number}" for number in range(500)]
    assert all(await line.enqueue(*jobs))
    assert await line.entries() == jobs
    assert set((await line.queue.take_back(line.phone, dict.fromkeys(jobs, False))).values()) == {Finding.TAKEN}
    assert await line.entries() == []


async def test_scripts_come_back_after_the_server_has_forgotten_them(line: Line) -> None:
    await line.enqueue("job")
    await line.redis.script_flush()
    assert await line.enqueue("job") == [await line.seen()]
    await line.redis.script_flush()
    assert await line.renew()
    await line.redis.script_flush()
    assert await line.take_back() is Finding.TAKEN
    await line.redis.script_flush()
    await line.queue.adopt(line.phone, create=False)


async def test_renewal_lets_a_document_and_its_mark_live_on(line: Line) -> None:
    await line.enqueue("job", expires_at=datetime.now(UTC) + timedelta(seconds=5))
    await line.redis.pexpire(keys.seen(PREFIX, line.phone, "job"), 5000)
    assert await line.renew()
    assert await line.redis.pttl(keys.call(PREFIX, line.phone, "job")) > 20_000
    assert await line.redis.pttl(keys.seen(PREFIX, line.phone, "job")) > 3_000_000


async def test_renewal_never_brings_a_document_back(line: Line) -> None:
    await line.enqueue("taken", "begun", "expired")
    await line.take_back("taken")
    await line.getdel("begun")
    await line.expire("expired")
    jobs = dict.fromkeys(["taken", "begun", "expired", "unknown"], in_time())
    assert await line.queue.renew(line.phone, jobs) == dict.fromkeys(jobs, False)
    for job in jobs:
        assert await line.document(job) is None
    assert await line.seen("unknown") is None


async def test_renewal_until_an_instant_that_is_over_ends_a_document_and_says_so(line: Line) -> None:
    await line.enqueue("job")
    assert not await line.renew(until=too_late())
    assert await line.document() is None
