"""Taking back the calls of many phones."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from dispatcher.errors import TransientError
from dispatcher.hopper.queue import Finding
from dispatcher.loops.in_hopper.settle import take_back
from dispatcher.model.attempt import State

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)


class Parts:
    """A queue and a database that note in which order they are asked; the queue of `broken` does not answer.

    The queue of `replaced` is on another server than before by the time that this is asked.
    """

    def __init__(self, broken: str = "", replaced: str = "") -> None:
        self.broken = broken
        self.replaced = replaced
        self.asked: list[str] = []

    async def take_back(self, phone: str, jobs: Mapping[str, bool | str]) -> dict[str, Finding]:
        if phone == self.broken:
            raise TransientError("Redis does not answer")
        self.asked.append(phone)
        return dict.fromkeys(jobs, Finding.TAKEN)

    async def write(self, _change: object, found: list[Any], _now: datetime) -> int:
        self.asked.append(f"{len(found)} written")
        return 0

    async def hold(self, _phone: str) -> bool:
        return True

    async def sure_of(self, phones: Collection[str]) -> set[str]:
        self.asked.append("sure?")
        return set(phones) - {self.replaced}

    async def run(self, *phones: str) -> None:
        context: Any = SimpleNamespace(queue=self, database=self, clock=SimpleNamespace(now=lambda: NOON))
        attempts: Any = [
            (SimpleNamespace(job=phone, phone=phone, state=State.QUEUED, entry="1-0", created_at=NOON), "paused")
            for phone in phones
        ]
        await take_back(context, self, attempts)  # type: ignore[arg-type]


async def test_the_documents_of_every_phone_are_taken_before_anything_is_written_down() -> None:
    parts = Parts()
    await parts.run("a", "b", "c")
    assert parts.asked == ["a", "b", "c", "sure?", "3 written"]


async def test_one_phone_that_does_not_answer_keeps_no_other_ones_calls_in_the_queue() -> None:
    parts = Parts(broken="a")
    with pytest.raises(TransientError):
        await parts.run("a", "b", "c")
    assert parts.asked == ["b", "c", "sure?", "2 written"]


async def test_nothing_is_believed_of_a_server_that_took_the_place_of_another_meanwhile() -> None:
    parts = Parts(replaced="b")
    await parts.run("a", "b")
    assert parts.asked == ["a", "b", "sure?", "1 written"]
