from collections.abc import Awaitable, Callable

import pytest

from dispatcher.hopper import keys
from dispatcher.hopper.queue import Finding
from tests.integration.hopper.line import PREFIX, Line


async def queued(line: Line) -> None:
    await line.enqueue("job")


async def queued_and_expired(line: Line) -> None:
    await line.enqueue("job")
    await line.expire()


async def claimed(line: Line) -> None:
    await line.enqueue("job")
    assert await line.claim()


async def claimed_and_expired(line: Line) -> None:
    await claimed(line)
    await line.expire()


async def begun(line: Line) -> None:
    await claimed(line)
    assert await line.getdel()


async def read_without_claim_and_begun(line: Line) -> None:
    await line.enqueue("job")
    assert await line.claim(noack=True)
    assert await line.getdel()


async def acknowledged_and_not_deleted(line: Line) -> None:
    await line.enqueue("job")
    found = await line.claim()
    assert found is not None
    assert await line.getdel()
    await line.redis.xack(line.calls, "dialers", found[0])


async def finished(line: Line) -> None:
    await line.enqueue("job")
    found = await line.claim()
    assert found is not None
    await line.getdel()
    await line.finish(found[0])


async def never_queued(line: Line) -> None:
    pass


Make = Callable[[Line], Awaitable[None]]

CASES: list[tuple[Make, bool, Finding]] = [
    (queued, False, Finding.TAKEN),
    (queued_and_expired, False, Finding.LAPSED),
    (claimed, False, Finding.TAKEN),
    (claimed_and_expired, False, Finding.CLAIMED),
    (begun, False, Finding.CLAIMED),
    (read_without_claim_and_begun, False, Finding.CLAIMED),
    (acknowledged_and_not_deleted, False, Finding.CLAIMED),
    (finished, False, Finding.ABSENT),
    (never_queued, True, Finding.TAKEN),
    (never_queued, False, Finding.ABSENT),
    # That it may be new is a matter of the intent's age, and no proof against what is known.
    (queued, True, Finding.TAKEN),
    (queued_and_expired, True, Finding.LAPSED),
    (begun, True, Finding.CLAIMED),
    (read_without_claim_and_begun, True, Finding.CLAIMED),
    (finished, True, Finding.ABSENT),
]


@pytest.mark.parametrize(("make", "may_be_new", "word"), CASES)
async def test_taking_back_says_what_was_found_and_says_it_again(
    line: Line, make: Make, may_be_new: bool, word: Finding
) -> None:
    await make(line)
    assert await line.take_back(may_be_new=may_be_new) is word
    assert await line.take_back(may_be_new=may_be_new) is word
    assert await line.getdel() is None


@pytest.mark.parametrize(("make", "may_be_new", "word"), CASES)
async def test_what_was_taken_back_with_proof_is_gone_for_every_worker(
    line: Line, make: Make, may_be_new: bool, word: Finding
) -> None:
    await make(line)
    await line.take_back(may_be_new=may_be_new)
    if word in {Finding.TAKEN, Finding.LAPSED}:
        assert await line.entries() == []
        assert await line.pending() == 0
        assert await line.claim() is None
        assert await line.seen() == word
        assert await line.enqueue("job") == [None]


async def test_a_worker_with_a_taken_back_call_reports_it_gone_and_nothing_else_changes(line: Line) -> None:
    await line.enqueue("job")
    found = await line.claim()
    assert found is not None
    assert await line.take_back() is Finding.TAKEN
    assert await line.getdel() is None
    await line.finish(found[0], outcome="gone")
    assert await line.take_back() is Finding.TAKEN


async def test_an_entry_behind_the_one_that_was_read_last_may_have_been_begun(line: Line) -> None:
    await line.enqueue("first", "second", "third")
    await line.claim()
    await line.claim()
    for job in ("first", "second", "third"):
        await line.expire(job)
    words = await line.queue.take_back(line.phone, dict.fromkeys(["first", "second", "third"], False))
    assert words == {"first": Finding.CLAIMED, "second": Finding.CLAIMED, "third": Finding.LAPSED}


async def test_sequence_numbers_are_compared_as_numbers(line: Line) -> None:
    # Entries of one millisecond: 10 comes after 9, though not as text.
    jobs = [f"job-{number}" for number in range(12)]
    base = await line.redis.xadd(line.calls, {"job": "before"})
    await line.redis.xdel(line.calls, base)
    await line.enqueue(*jobs)
    for job in jobs:
        await line.expire(job)
    for _ in range(10):
        await line.claim()
    words = await line.queue.take_back(line.phone, dict.fromkeys(jobs, False))
    assert [words[job] for job in jobs] == [Finding.CLAIMED] * 10 + [Finding.LAPSED] * 2


async def test_each_job_of_a_batch_gets_its_own_word(line: Line) -> None:
    await line.enqueue("begun", "queued", "expired")
    await line.claim()
    await line.getdel("begun")
    await line.expire("expired")
    words = await line.queue.take_back(
        line.phone, {"queued": False, "unknown": False, "begun": True, "new": True, "expired": False}
    )
    assert words == {
        "queued": Finding.TAKEN,
        "unknown": Finding.ABSENT,
        "begun": Finding.CLAIMED,
        "new": Finding.TAKEN,
        "expired": Finding.LAPSED,
    }


async def test_a_new_job_that_was_taken_back_is_kept_out_for_ever(line: Line) -> None:
    assert await line.take_back(may_be_new=True) is Finding.TAKEN
    assert await line.enqueue("job") == [None]
    assert await line.entries() == []


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (queued, Finding.TAKEN),
        (queued_and_expired, Finding.LAPSED),
        (claimed, Finding.TAKEN),
        (claimed_and_expired, Finding.CLAIMED),
        (begun, Finding.CLAIMED),
        (read_without_claim_and_begun, Finding.CLAIMED),
        (acknowledged_and_not_deleted, Finding.CLAIMED),
        (finished, Finding.ABSENT),
    ],
)
async def test_a_call_whose_mark_has_outlived_its_time_is_found_by_the_entry_that_the_mirror_knows(
    line: Line, make: Make, word: Finding
) -> None:
    await make(line)
    entry = await line.seen()
    assert entry is not None
    await line.redis.delete(keys.seen(PREFIX, line.phone, "job"))
    for _ in range(2):
        assert await line.queue.take_back(line.phone, {"job": entry}) == {"job": word}
    assert await line.getdel() is None
    if word in {Finding.TAKEN, Finding.LAPSED}:
        assert await line.entries() == []
        assert await line.pending() == 0
        assert await line.enqueue("job") == [None]


async def test_what_the_mirror_knows_of_an_entry_outweighs_no_mark(line: Line) -> None:
    await line.enqueue("begun", "waiting")
    waiting = await line.seen("waiting")
    assert waiting is not None
    await line.claim()
    await line.getdel("begun")
    assert await line.queue.take_back(line.phone, {"begun": waiting}) == {"begun": Finding.CLAIMED}
