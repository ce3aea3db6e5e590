"""When a request is repeated: seldom where most fail, spread where many do, not while the platform wants peace."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from dispatcher.api.client import Platform
from dispatcher.api.retrying import Retrying
from dispatcher.api.transport import RetryableError
from dispatcher.clock import Clock
from dispatcher.errors import TransientError
from dispatcher.sandbox.server import Server
from tests.integration.api.hostile import Hostile, as_json

pytestmark = pytest.mark.usefixtures("at_once")

ATTEMPTS = 4
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


class Hand(Clock):
    """A clock that moves when a test, or whoever sleeps by it, moves it."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds


class Requests:
    """Requests that fail, or not, and how many of them there were."""

    def __init__(self, wait_s: float | None = None) -> None:
        self.wait_s = wait_s
        self.fails = True
        self.made = 0

    async def __call__(self) -> str:
        self.made += 1
        if self.fails:
            raise RetryableError("trouble", self.wait_s)
        return "good"


async def fail(retrying: Retrying, requests: Requests) -> None:
    with pytest.raises(TransientError):
        await retrying.make(requests)


async def test_a_platform_that_fails_most_requests_is_not_asked_four_times_for_each() -> None:
    retrying, requests = Retrying(Hand()), Requests()
    await fail(retrying, requests)
    assert requests.made == ATTEMPTS
    for _ in range(99):
        await fail(retrying, requests)
    assert requests.made <= 100 + 20


async def test_requests_that_succeed_pay_for_repeats() -> None:
    retrying, requests = Retrying(Hand()), Requests()
    for _ in range(50):
        await fail(retrying, requests)
    requests.fails = False
    for _ in range(200):
        await retrying.make(requests)
    requests.fails, requests.made = True, 0
    await fail(retrying, requests)
    assert requests.made == ATTEMPTS


async def test_each_wait_is_drawn_from_nothing_to_a_ceiling_that_doubles() -> None:
    drawn: list[tuple[float, float]] = []

    def draw(least: float, most: float) -> float:
        drawn.append((least, most))
        return 0.0

    await fail(Retrying(Hand(), draw), Requests())
    assert drawn[:3] == [(0, 0.4), (0, 0.8), (0, 1.6)]


async def test_a_wait_that_one_request_was_told_holds_for_every_other() -> None:
    clock = Hand()
    retrying = Retrying(clock)
    await fail(retrying, Requests(wait_s=10))
    clock.slept.clear()
    others = Requests()
    others.fails = False
    assert await retrying.make(others) == "good"
    assert clock.slept == [10]


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("120", 120),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        ("1e9", 3600),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
    ],
)
async def test_a_platform_that_wants_peace_is_not_asked_before_it_is_over(asked: str, seconds: int) -> None:
    app, clock = Hostile([as_json({}, 503, retry_after=asked), as_json({"user": "me"})]), Hand()
    async with Server(app) as server:
        platform = Platform(server.url, "token", timedelta(seconds=20), clock)
        with pytest.raises(TransientError, match="answers 503"):
            await platform.me()
        clock.passed = seconds - 40
        for one in (platform.me, lambda: platform.phone("p")):
            await left_alone(one)
        assert len(app.requests) == 1
        clock.passed = seconds
        assert await platform.me() == {"user": "me"}
        await platform.close()
    assert clock.slept == []


async def left_alone(ask: Callable[[], object]) -> None:
    with pytest.raises(TransientError, match=r"asked to be left alone for another 40 s \(Retry-After\)"):
        await ask()  # type: ignore[misc]


@pytest.mark.parametrize("asked", ["Sat, 01 Jan 2000 00:00:00 +9999999999999999999999", "1e999", "\xff"])
async def test_a_wait_that_cannot_be_read_is_none(asked: str) -> None:
    app = Hostile([as_json({}, 503, retry_after=asked), as_json({"user": "me"})])
    async with Server(app) as server:
        platform = Platform(server.url, "token", timedelta(seconds=20), Clock())
        assert await platform.me() == {"user": "me"}
        await platform.close()
