import asyncio

import pytest

from dispatcher.loops.from_platform.behind import Behind


class Work:
    """Pieces of work that end when they are told to, in the order in which they ended."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.may_end = asyncio.Event()

    async def do(self, name: str) -> None:
        self.begun.append(name)
        await self.may_end.wait()
        self.ended.append(name)


async def fails() -> None:
    raise ValueError("no room")


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_work_goes_on_behind_and_one_piece_comes_after_the_other() -> None:
    work, behind = Work(), Behind()
    assert behind.is_idle
    await behind.begin(work.do("a"))
    second = asyncio.create_task(behind.begin(work.do("b")))
    await turns()
    assert (work.begun, behind.is_idle) == (["a"], False)
    work.may_end.set()
    await second
    await behind.end()
    assert (work.ended, behind.is_idle) == (["a", "b"], True)
    await behind.end()


async def test_work_that_nobody_waits_for_any_more_is_still_ended_before_the_next_begins() -> None:
    work, behind = Work(), Behind()
    await behind.begin(work.do("a"))
    waiting = asyncio.create_task(behind.begin(work.do("b")))
    await turns()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    third = asyncio.create_task(behind.begin(work.do("c")))
    await turns()
    assert work.begun == ["a"]
    work.may_end.set()
    await third
    await behind.end()
    assert work.ended == ["a", "c"]


async def test_what_work_failed_by_is_raised_once() -> None:
    work, behind = Work(), Behind()
    await behind.begin(fails())
    with pytest.raises(ValueError, match="no room"):
        await behind.begin(work.do("a"))
    work.may_end.set()
    await behind.begin(work.do("b"))
    await behind.end()
    assert work.ended == ["b"]
