import pytest

from dispatcher.errors import DeposedError, LostHopperError
from dispatcher.hopper import keys
from dispatcher.hopper.queue import Queue
from tests.integration.hopper.line import PREFIX, Line, in_time

FENCE = keys.fence(PREFIX, "phone-1")


async def every_script_raises(line: Line, error: type[Exception]) -> None:
    with pytest.raises(error):
        await line.enqueue("new")
    with pytest.raises(error):
        await line.queue.renew(line.phone, {"job": in_time()})
    with pytest.raises(error):
        await line.queue.take_back(line.phone, {"job": True, "new": True})
    with pytest.raises(error):
        await line.queue.adopt(line.phone, create=False)


async def lose_fence(line: Line) -> None:
    await line.redis.delete(FENCE)


async def lose_group(line: Line) -> None:
    await line.redis.xgroup_destroy(line.calls, keys.GROUP)


async def lose_stream(line: Line) -> None:
    await line.redis.delete(line.calls)


async def lose_all(line: Line) -> None:
    await line.redis.flushall()


async def another_kind(line: Line) -> None:
    await line.redis.set(line.calls, "no stream", ex=60)


@pytest.mark.parametrize("lose", [lose_fence, lose_group, lose_stream, lose_all])
async def test_of_a_lost_queue_nothing_is_concluded_and_nothing_is_done(line: Line, lose: object) -> None:
    assert callable(lose)
    await line.enqueue("job")
    await lose(line)
    document, entries, fence = await line.document(), await line.entries(), await line.redis.get(FENCE)
    await every_script_raises(line, LostHopperError)
    assert (await line.document(), await line.entries(), await line.redis.get(FENCE)) == (document, entries, fence)
    assert await line.seen("new") is None


async def test_a_key_of_another_kind_is_a_lost_queue(line: Line) -> None:
    await another_kind(line)
    await every_script_raises(line, LostHopperError)
    await line.queue.adopt(line.phone, create=True)
    assert await line.enqueue("job") == [await line.seen()]


async def test_a_later_dispatcher_deposes_an_earlier_one(line: Line) -> None:
    await line.enqueue("job")
    later = Line(line.url)
    later.queue = Queue(later.redis, PREFIX, 6)
    await later.queue.adopt(line.phone, create=False)
    await every_script_raises(line, DeposedError)
    with pytest.raises(DeposedError):
        await line.queue.adopt(line.phone, create=True)
    assert await line.document() == "document of job"
    assert await line.seen("new") is None
    assert await line.redis.get(FENCE) == "6"
    assert await later.renew("job")
    await later.close()


async def test_any_script_of_a_later_dispatcher_deposes_an_earlier_one(line: Line) -> None:
    later = Line(line.url)
    later.queue = Queue(later.redis, PREFIX, 10)
    await later.enqueue("job")
    await every_script_raises(line, DeposedError)
    await later.close()


async def test_a_queue_is_made_only_where_that_is_allowed(line: Line) -> None:
    with pytest.raises(LostHopperError):
        await line.queue.adopt("phone-2", create=False)
    assert await line.watch.phones() == ["phone-1"]
    await line.queue.adopt("phone-2", create=True)
    await line.queue.adopt("phone-2", create=False)
    assert await line.watch.phones() == ["phone-1", "phone-2"]


@pytest.mark.parametrize("create", [True, False])
async def test_adopting_a_queue_that_is_there_changes_nothing_in_it(line: Line, create: bool) -> None:
    await line.enqueue("first", "second")
    await line.claim()
    await line.queue.adopt(line.phone, create=create)
    assert await line.entries() == ["first", "second"]
    assert await line.pending() == 1
    assert await line.document("first") is not None


@pytest.mark.parametrize("lose", [lose_fence, lose_group, lose_stream])
async def test_a_queue_that_is_made_anew_offers_no_old_call(line: Line, lose: object) -> None:
    assert callable(lose)
    await line.enqueue("claimed", "waiting")
    await line.claim()
    await lose(line)
    await line.queue.adopt(line.phone, create=True)
    assert await line.entries() == []
    assert await line.pending() == 0
    assert await line.claim() is None
    depth = await line.watch.depth(line.phone)
    assert (depth.ready, depth.claimed, depth.oldest_ready_at) == (0, 0, None)
    await line.enqueue("new")
    found = await line.claim()
    assert found is not None
    assert found[1]["job"] == "new"


async def test_many_claims_of_a_lost_queue_are_cleared_away(line: Line) -> None:
    await line.enqueue(*(f"job-{number}" for number in range(1500)))
    await line.redis.xreadgroup(keys.GROUP, "worker", {line.calls: ">"}, count=2000)
    assert await line.pending() == 1500
    await lose_fence(line)
    await line.queue.adopt(line.phone, create=True)
    assert await line.pending() == 0


async def test_a_worker_may_read_at_once_from_a_queue_that_is_made(line: Line) -> None:
    await line.queue.adopt("phone-2", create=True)
    other = Line(line.url, "phone-2")
    await other.enqueue("job")
    assert await other.claim() is not None
    await other.close()


async def test_every_use_keeps_the_fence_alive(line: Line) -> None:
    await line.enqueue("job")
    for use in (line.enqueue("job"), line.renew(), line.take_back(), line.queue.adopt(line.phone, create=False)):
        await line.redis.pexpire(FENCE, 1000)
        await use
        assert await line.redis.pttl(FENCE) > 80_000_000
