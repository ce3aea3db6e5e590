import asyncio
import signal

import pytest

from dispatcher.cli.signals import run


async def _nothing_comes() -> None:
    await asyncio.wait_for(asyncio.Event().wait(), timeout=20)


def test_what_the_work_returns_and_raises_is_handed_on() -> None:
    async def seven() -> int:
        return 7

    async def wrong() -> int:
        raise LookupError("of the work")

    assert run(seven()) == 7
    with pytest.raises(LookupError, match="of the work"):
        run(wrong())


def test_an_interrupt_lets_the_work_close_what_it_has_opened() -> None:
    closed = []

    async def work() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
            await _nothing_comes()
        finally:
            await asyncio.sleep(0.05)
            closed.append(True)

    with pytest.raises(KeyboardInterrupt):
        run(work())
    assert closed == [True]


def test_an_interrupt_that_a_library_takes_for_its_own_is_repeated() -> None:
    swallowed = []

    async def work() -> None:
        signal.raise_signal(signal.SIGINT)
        try:
            await _nothing_comes()
        except asyncio.CancelledError:
            swallowed.append(True)
        await _nothing_comes()

    with pytest.raises(KeyboardInterrupt):
        run(work())
    assert swallowed == [True]


def test_interrupted_work_that_ends_in_a_fault_is_interrupted_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        signal.raise_signal(signal.SIGINT)
        try:
            await _nothing_comes()
        except asyncio.CancelledError:
            raise LookupError("made of the interrupt") from None

    with pytest.raises(KeyboardInterrupt):
        run(work())
    assert not caplog.records
