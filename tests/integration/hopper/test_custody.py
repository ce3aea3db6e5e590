import pytest

from dispatcher.errors import DeposedError, LostHopperError, TransientError
from dispatcher.hopper import keys
from dispatcher.hopper.queue import Finding, Queue, QueuedCall
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
    with pytest.raises(error):
        await line.queue.still(line.phone)


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
    assert await line.redis.get(FENCE) == "6.000000"
    assert await later.renew("job")
    await later.close()


async def test_a_later_dispatcher_uses_no_queue_before_it_has_adopted_it(line: Line) -> None:
    """An earlier one may have made it anew just now, and knows nothing of what the later one has given up."""
    later = Line(line.url)
    later.queue = Queue(later.redis, PREFIX, 10)
    for use in (later.enqueue("new"), later.renew(), later.take_back(may_be_new=True)):
        with pytest.raises(LostHopperError):
            await use
    assert await line.seen("new") is None
    await later.queue.adopt(line.phone, create=False)
    await later.enqueue("job")
    await every_script_raises(line, DeposedError)
    await later.close()


@pytest.mark.parametrize("lose", [lose_fence, lose_all])
async def test_a_step_that_began_before_a_loss_was_noticed_does_nothing_on_the_queue_that_was_made_anew(
    line: Line, lose: object
) -> None:
    assert callable(lose)
    term = line.queue.term(line.phone)
    assert await line.take_back("given up", may_be_new=True) is Finding.TAKEN
    await lose(line)
    await line.redis.delete(keys.seen(PREFIX, line.phone, "given up"))
    line.queue.lost(line.phone)
    calls = [QueuedCall("given up", "campaign", "order", "assistant", in_time(), in_time(), b"document")]
    with pytest.raises(LostHopperError):
        await line.queue.enqueue(line.phone, calls, term)
    await line.queue.adopt(line.phone, create=True, anew=True)
    with pytest.raises(TransientError, match="made anew"):
        await line.queue.enqueue(line.phone, calls, term)
    assert await line.entries() == []
    assert await line.document("given up") is None
    assert await line.enqueue("chosen later") == [await line.seen("chosen later")]


async def test_a_queue_is_not_used_between_the_notice_of_its_loss_and_its_adoption(line: Line) -> None:
    await line.enqueue("job")
    line.queue.lost(line.phone)
    for use in (line.enqueue("new"), line.renew(), line.take_back()):
        with pytest.raises(LostHopperError):
            await use
    assert await line.document() == "document of job"
    await line.queue.adopt(line.phone, create=False)
    assert await line.renew()


async def test_a_queue_that_an_earlier_dispatcher_has_made_anew_is_a_lost_one_for_a_later_that_had_adopted_it(
    line: Line,
) -> None:
    later = Line(line.url)
    later.queue = Queue(later.redis, PREFIX, 6)
    await later.queue.adopt(line.phone, create=False)
    await later.queue.still(line.phone)
    await line.redis.flushall()
    line.queue.lost(line.phone)
    await line.queue.adopt(line.phone, create=True, anew=True)
    with pytest.raises(LostHopperError):
        await later.queue.still(line.phone)
    assert await line.redis.get(FENCE) == "5.000001"
    await later.close()


async def test_a_late_adoption_takes_no_queue_back_into_an_earlier_term(line: Line) -> None:
    late = Line(line.url)
    line.queue.lost(line.phone)
    await line.queue.adopt(line.phone, create=True, anew=True)
    with pytest.raises(TransientError, match="made anew"):
        await late.queue.adopt(line.phone, create=True)
    assert await line.redis.get(FENCE) == "5.000001"
    await late.close()


async def test_a_dispatcher_of_an_earlier_version_sees_a_later_epoch_in_the_fence(line: Line) -> None:
    await line.redis.set(FENCE, "4", ex=60)
    await line.queue.adopt(line.phone, create=False)
    told = await line.redis.get(FENCE)
    assert told is not None
    assert 4 < float(told) < 6


async def test_a_queue_that_is_made_anew_in_any_case_keeps_no_entry_and_no_claim(line: Line) -> None:
    await line.enqueue("claimed", "waiting")
    await line.claim()
    await line.queue.adopt(line.phone, create=True, anew=True)
    assert await line.entries() == []
    assert await line.pending() == 0
    await line.enqueue("new")
    assert await line.entries() == ["new"]


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


async def test_a_stray_key_in_place_of_the_fence_is_a_lost_queue(line: Line) -> None:
    await line.redis.delete(FENCE)
    await line.redis.lpush(FENCE, "no epoch")
    await line.redis.expire(FENCE, 60)
    await every_script_raises(line, LostHopperError)
    await line.queue.adopt(line.phone, create=True)
    assert await line.redis.get(FENCE) == "5.000000"


@pytest.mark.parametrize("key", [keys.seen(PREFIX, "phone-1", "job"), keys.call(PREFIX, "phone-1", "job")])
async def test_a_stray_key_in_place_of_a_calls_own_loses_only_that_queue(line: Line, key: str) -> None:
    await line.enqueue("job")
    await line.redis.delete(key)
    await line.redis.lpush(key, "stray")
    await line.redis.expire(key, 60)
    with pytest.raises(LostHopperError, match="phone-1"):
        await line.take_back()
    await line.queue.adopt("phone-2", create=True)
    await line.queue.adopt(line.phone, create=True, bury=["job"])
    assert await line.take_back() is Finding.TAKEN


async def test_a_stray_key_in_place_of_the_outcomes_is_a_lost_queue_until_it_is_made_anew(line: Line) -> None:
    outcomes = keys.outcomes(PREFIX, line.phone)
    await line.redis.set(outcomes, "no stream")
    with pytest.raises(LostHopperError):
        await line.queue.adopt(line.phone, create=False)
    await line.queue.adopt(line.phone, create=True)
    await line.redis.xadd(outcomes, {"job": "job"})
    await line.queue.adopt(line.phone, create=True)
    assert await line.redis.xlen(outcomes) == 1


async def test_a_group_that_somebody_has_made_anew_proves_nothing(line: Line) -> None:
    await line.enqueue("begun")
    await line.claim()
    await line.getdel("begun")
    await line.redis.xgroup_destroy(line.calls, keys.GROUP)
    await line.redis.xgroup_create(line.calls, keys.GROUP, "0")
    with pytest.raises(LostHopperError):
        await line.take_back("begun")
    with pytest.raises(LostHopperError):
        await line.queue.adopt(line.phone, create=False)
    await line.queue.adopt(line.phone, create=True)
    assert await line.claim() is None
    await line.queue.adopt(line.phone, create=False)


async def test_the_mark_of_the_group_is_no_reader(line: Line) -> None:
    [consumer] = await line.redis.xinfo_consumers(line.calls, keys.GROUP)
    assert (consumer["name"], consumer["pending"]) == (keys.MARK, 0)


@pytest.mark.parametrize("known", ["{ms}-0", "{ms}-9"])
async def test_a_stream_that_does_not_know_of_an_entry_has_forgotten(line: Line, known: str) -> None:
    [entry] = await line.enqueue("job")
    assert entry is not None
    await line.queue.adopt(line.phone, create=False, known=entry)
    later = known.format(ms=int(entry.split("-")[0]) + 1)
    with pytest.raises(LostHopperError):
        await line.queue.adopt(line.phone, create=False, known=later)
    await line.queue.adopt(line.phone, create=True, known=later)
    assert await line.entries() == []


async def test_a_buried_job_enters_the_queue_no_more_and_cannot_be_begun(line: Line) -> None:
    await line.enqueue("there")
    await line.queue.adopt(line.phone, create=True, bury=["there", "late"])
    assert await line.document("there") is None
    assert await line.enqueue("late", "new") == [None, await line.seen("new")]
    assert await line.document("late") is None
