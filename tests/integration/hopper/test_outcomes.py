import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from dispatcher.hopper import keys
from tests.integration.hopper.line import PREFIX, Line

STREAM = keys.outcomes(PREFIX, "phone-1")


async def report(line: Line, **said: str) -> str:
    fields: Any = said
    return str(await line.redis.xadd(STREAM, fields))


async def test_a_report_is_read_with_all_that_the_worker_said(line: Line) -> None:
    id_ = await report(line, job="job", entry="1-1", outcome="busy", detail="engaged", call_id="call_1")
    (found,) = await line.outcomes.wait(["phone-1"], 1)
    assert (found.id, found.phone, found.job, found.entry) == (id_, "phone-1", "job", "1-1")
    assert (found.word, found.detail, found.call_id) == ("busy", "engaged", "call_1")
    assert abs(found.at.timestamp() - time.time()) < 60


async def test_what_a_worker_left_out_is_none(line: Line) -> None:
    await report(line, outcome="gone", detail="", entry="")
    (found,) = await line.outcomes.pending("phone-1")
    assert (found.job, found.entry, found.detail, found.call_id) == ("", None, None, None)


async def test_waiting_ends_with_the_first_report(line: Line) -> None:
    waiting = asyncio.create_task(line.outcomes.wait(["phone-1", "phone-2"], 50))
    await asyncio.sleep(0)
    await report(line, job="job", outcome="busy")
    async with asyncio.timeout(40):
        assert [found.job for found in await waiting] == ["job"]


async def test_waiting_for_nothing_ends_with_nothing(line: Line) -> None:
    assert await line.outcomes.wait(["phone-1"], 0.02) == []


async def test_reports_of_several_phones_are_read_at_once(line: Line) -> None:
    await report(line, job="a", outcome="busy")
    await line.redis.xadd(keys.outcomes(PREFIX, "phone-2"), {"job": "b", "outcome": "busy"})
    found = await line.outcomes.wait(["phone-1", "phone-2", "phone-3"], 1)
    assert {(one.phone, one.job) for one in found} == {("phone-1", "a"), ("phone-2", "b")}


async def test_reports_stay_until_they_are_dropped(line: Line) -> None:
    for job in ("a", "b"):
        await report(line, job=job, outcome="busy")
    first, second = await line.outcomes.wait(["phone-1"], 1)
    assert await line.outcomes.wait(["phone-1"], 1) == [first, second]
    assert await line.outcomes.pending("phone-1") == [first, second]
    assert await line.watch.waiting_reports("phone-1") == 2
    await line.outcomes.drop([first])
    assert await line.outcomes.pending("phone-1") == [second]
    await line.outcomes.drop([first, second])
    assert await line.outcomes.pending("phone-1") == []


async def test_dropping_nothing_is_nothing(line: Line) -> None:
    await line.outcomes.drop([])


async def test_more_reports_than_a_batch_are_read_in_turns(line: Line) -> None:
    async with line.redis.pipeline() as pipeline:
        for number in range(700):
            pipeline.xadd(STREAM, {"job": str(number), "outcome": "busy"})
        await pipeline.execute()
    jobs = []
    while found := await line.outcomes.pending("phone-1"):
        jobs += [one.job for one in found]
        await line.outcomes.drop(found)
    assert jobs == [str(number) for number in range(700)]


@pytest.mark.parametrize(
    ("fields", "job", "word", "detail"),
    [
        ({"job": b"job", "outcome": b"busy", "detail": "engagé".encode("latin-1")}, "job", "busy", "engag�"),
        ({"job": b"\xff", "outcome": b"\xfe"}, "�", "�", None),
        ({"job": b"j\0b", "outcome": b"bu\0sy", "detail": b"\0"}, "jb", "busy", None),
        ({"job": b"job", "outcome": b"x" * 100, "detail": b"y" * 1000}, "job", "x" * 64, "y" * 500),
        ({"something": b"else"}, "", "", None),
    ],
)
async def test_an_odd_report_is_read_and_keeps_none_of_the_others_back(
    line: Line, fields: Any, job: str, word: str, detail: str | None
) -> None:
    await line.redis.xadd(STREAM, fields)
    await report(line, job="next", outcome="completed")
    odd, following = await line.outcomes.wait(["phone-1"], 1)
    assert (odd.job, odd.word, odd.detail) == (job, word, detail)
    assert following.job == "next"
    await line.outcomes.drop([odd, following])
    assert await line.watch.waiting_reports("phone-1") == 0


async def test_a_report_whose_worker_made_up_its_id_is_read(line: Line) -> None:
    await line.redis.xadd(STREAM, {"job": "job", "outcome": "busy"}, id="18446744073709551614-1")
    (found,) = await line.outcomes.wait(["phone-1"], 1)
    assert found.job == "job"
    assert found.at == datetime.max.replace(tzinfo=UTC)


async def test_a_stray_key_in_place_of_one_phones_outcomes_keeps_no_other_unread(line: Line) -> None:
    stray = keys.outcomes(PREFIX, "phone-2")
    await line.redis.set(stray, "no stream", ex=60)
    await line.finish("0-1")
    [report] = await line.outcomes.wait(["phone-2", line.phone], 1)
    assert report.phone == line.phone
    assert await line.outcomes.wait(["phone-2"], 0.02) == []
    assert await line.outcomes.pending("phone-2") == []
    await line.redis.delete(stray)
