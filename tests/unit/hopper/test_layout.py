from typing import Any

import pytest
from redis.exceptions import ConnectionError as NoConnection

from dispatcher.clock import Clock
from dispatcher.errors import TransientError
from dispatcher.hopper.address import Host, several
from dispatcher.hopper.layout import SLOTS, Layout, LookUp, slot

OLD, NEW = ("old", 6379), ("new", 6379)


class Stepped(Clock):
    """A clock that goes on by more than a layout stays fresh, each time that it is read."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        self.passed += 10
        return self.passed


class Told(LookUp):
    """A look-up whose Sentinels answer what a test makes them say; None for one that does not answer."""

    def __init__(self, **answers: tuple[int, Host] | None) -> None:
        address = several(f"redis+sentinel://{','.join(answers)}/m")
        assert address is not None
        super().__init__(address, _nobody, Stepped())
        self.answers = answers

    async def _answer(self, host: Host) -> Layout:
        answer = self.answers[host[0]]
        if answer is None:
            raise NoConnection("refused")
        return Layout(answer[0], ((0, SLOTS - 1, answer[1]),))

    async def server(self) -> Host | None:
        return (await self.layout()).server("key")


def _nobody(_: str) -> Any:
    raise AssertionError("no client is needed")


async def test_the_first_who_answers_is_believed() -> None:
    assert await Told(a=None, b=None, c=(3, OLD)).server() == OLD


async def test_without_any_answer_every_fault_is_told() -> None:
    with pytest.raises(TransientError, match=r"(a|b):26379: refused; (a|b):26379: refused"):
        await Told(a=None, b=None).layout()


async def test_a_new_server_is_known_at_the_next_look() -> None:
    told = Told(a=(3, OLD))
    assert await told.server() == OLD
    told.answers = {"a": (4, NEW)}
    assert await told.server() == NEW


async def test_a_sentinel_that_was_cut_off_brings_the_old_server_not_back() -> None:
    for _ in range(8):  # they are asked in any order
        told = Told(a=(4, NEW), b=None, c=None)
        assert await told.server() == NEW
        told.answers = {"a": None, "b": (3, OLD), "c": None}
        assert await told.server() == NEW
        told.answers = {"a": (4, NEW), "b": (3, OLD), "c": (4, NEW)}
        assert await told.server() == NEW


async def test_sentinels_that_have_all_started_anew_are_believed() -> None:
    told = Told(a=(4, OLD), b=(4, OLD))
    assert await told.server() == OLD
    told.answers = {"a": (0, NEW), "b": (0, NEW)}
    assert await told.server() == NEW


async def test_while_nobody_answers_the_last_layout_holds() -> None:
    told = Told(a=(3, OLD))
    assert await told.server() == OLD
    told.answers = {"a": None}
    assert await told.server() == OLD


def test_a_key_lies_where_its_hash_tag_says() -> None:
    assert slot("prefix:{phone}:calls") == slot("other:{phone}:outcomes") == slot("phone")
    at = slot("phone")
    layout = Layout(1, ((0, at - 1, OLD), (at, at, NEW)))
    assert layout.server("p:{phone}:calls") == NEW
    assert layout.servers() == [NEW, OLD]
    assert Layout(1, ((0, at - 1, OLD),)).server("phone") is None
    assert Layout(1, ((at + 1, SLOTS - 1, OLD),)).server("phone") is None
