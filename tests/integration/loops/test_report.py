"""Telling a platform what became of orders, over a socket; the platform answers as it is told to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dispatcher import metrics
from dispatcher.api.client import Platform as Client
from dispatcher.daemon.parts import assembled, opened
from dispatcher.loops.to_platform.report import Report
from dispatcher.mirror import order_reports, orders
from dispatcher.mirror.database import Connection
from dispatcher.model.outcome import Outcome
from dispatcher.sandbox.server import Server
from dispatcher.settings import load
from tests.integration.mirror.things import put_order
from tests.integration.sync.conftest import Hand


@dataclass
class Platform:
    """Takes what it is told, or answers with a status of its own."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.asked.append((request.method, request.url.path, orjson.loads(await request.body())))
        await Response("gladly", self.status, self.headers)(scope, receive, send)


class Timed(Hand):
    """A clock of which a test sets the monotonic hand too."""

    def monotonic(self) -> float:
        return self.at.timestamp()


@dataclass
class Site:
    platform: Platform
    clock: Timed
    report: Report
    read: Callable[..., Awaitable[Any]]
    write: Callable[..., Awaitable[Any]]

    async def called(self, *uuids: str, outcome: Outcome = Outcome.COMPLETED) -> None:
        """Let calls have ended."""
        await self.write(_called, uuids, outcome, self.clock.now())

    async def owed(self) -> int:
        return int((await self.read(order_reports.counts))[0])


def _called(connection: Connection, uuids: tuple[str, ...], outcome: Outcome, at: Any) -> None:
    for place, uuid in enumerate(uuids):
        put_order(connection, uuid, place)
        orders.spend(connection, uuid, "job", closed_as=outcome.value, retry_at=None, at=at)
    order_reports.owe(connection, dict.fromkeys(uuids, outcome), at)


async def made(folder: Path, stack: AsyncExitStack, **values: str) -> Site:
    platform, clock = Platform(), Timed()
    server = await stack.enter_async_context(Server(platform))
    settings = load(None, {"DISPATCHER_DATABASE__URL": f"sqlite:///{folder / 'mirror.db'}", **values})
    database = await opened(settings, stack)
    client = Client(f"{server.url}/", "token", timedelta(seconds=5), clock)
    context = assembled(settings, clock, database, client, stack, epoch=0, nudge=lambda _loop: None)
    return Site(platform, clock, Report(context), database.read, database.write)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        yield await made(tmp_path, stack, DISPATCHER_REPORT__ORDERS="true")


async def test_the_platform_is_told_once_what_became_of_an_order(site: Site) -> None:
    await site.called("order/1")
    await site.report.run_once()
    await site.report.run_once()
    [(method, path, body)] = site.platform.asked
    assert (method, body) == ("PATCH", {"status": "contacted"})
    assert path.endswith("/campaigns/campaign_1/orders/order/1")
    assert await site.owed() == 0


async def test_nothing_is_told_unless_it_was_asked_for(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        site = await made(tmp_path, stack)
        await site.called("order_1")
        await site.report.run_once()
        assert site.platform.asked == []


async def test_many_are_told_one_turn_after_the_other(site: Site) -> None:
    uuids = [f"order_{place}" for place in range(12)]
    await site.called(*uuids)
    while await site.report.run_once() == 0.0:
        pass
    assert sorted(path.rpartition("/")[2] for _, path, _ in site.platform.asked) == sorted(uuids)


@pytest.mark.parametrize("status", [500, 401, 405, 429])
async def test_what_the_platform_refuses_for_now_is_told_again_later(site: Site, status: int) -> None:
    site.platform.status = status
    await site.called("order_1")
    await site.report.run_once()
    await site.called("order_2")
    assert await site.report.run_once() > 0
    assert len(site.platform.asked) == 1, "others are spared while the platform does not take any"
    site.platform.status = 200
    site.clock.forward(minutes=1)
    await site.report.run_once()
    assert await site.owed() == 0
    assert len(site.platform.asked) == 3


async def test_a_platform_that_asks_to_be_left_alone_is(site: Site) -> None:
    site.platform.status, site.platform.headers = 429, {"Retry-After": "600"}
    await site.called("order_1")
    await site.report.run_once()
    site.clock.forward(minutes=9)
    assert await site.report.run_once() > 0
    assert len(site.platform.asked) == 1
    site.clock.forward(minutes=2)
    await site.report.run_once()
    assert len(site.platform.asked) == 2


@pytest.mark.parametrize("status", [404, 422])
async def test_what_the_platform_will_never_take_is_given_up_at_once(site: Site, status: int) -> None:
    site.platform.status = status
    await site.called("order_1")
    await site.report.run_once()
    site.platform.status = 200
    await site.called("order_2")
    await site.report.run_once()
    assert await site.owed() == 0
    assert [path.rpartition("/")[2] for _, path, _ in site.platform.asked] == ["order_1", "order_2"]


async def test_what_was_given_up_is_counted_and_told_after_all_if_somebody_asks_for_it(site: Site) -> None:
    site.platform.status = 404
    await site.called("order_1")
    await site.report.run_once()
    assert metrics.REGISTRY.get_sample_value("dispatcher_orders_given_up") == 1
    site.platform.status = 200
    await site.write(order_reports.retry, ["order_1"], site.clock.now())
    await site.report.run_once()
    assert metrics.REGISTRY.get_sample_value("dispatcher_orders_given_up") == 0
    assert await site.read(order_reports.counts) == (0, 0)
    assert len(site.platform.asked) == 2


async def test_what_fails_for_hours_is_given_up(site: Site) -> None:
    site.platform.status = 503
    await site.called("order_1")
    for _ in range(9):
        await site.report.run_once()
        site.clock.forward(hours=2)
    assert await site.owed() == 1
    await site.report.run_once()
    assert await site.owed() == 0
    site.clock.forward(days=1)
    await site.report.run_once()
    assert len(site.platform.asked) == 10
