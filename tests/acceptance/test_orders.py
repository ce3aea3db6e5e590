"""Orders that the platform does not list, and a platform that is told how calls have ended."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dispatcher.clock import Clock
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.server import Server
from tests.acceptance.harness import TOKEN, Daemon, Platform, dialing
from tests.acceptance.seen import Make, MakeDialer
from tests.waiting import eventually


@asynccontextmanager
async def refusing(platform: Platform, method: str, status: int) -> AsyncIterator[str]:
    """Serve the platform, except that requests by a method for its orders are refused; give its address."""
    inner = create_app(platform.store, TOKEN, Clock())

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        refused = scope["type"] == "http" and scope["method"] == method and "/orders" in scope["path"]
        await (Response("no", status) if refused else inner)(scope, receive, send)

    async with Server(app) as server:
        yield server.url


def statuses(platform: Platform, campaign: str) -> list[str]:
    return [order["status"] for order in platform.store.orders[campaign].values()]


async def exported(daemon: Daemon) -> dict[str, dict[str, Any]]:
    code, output, errors = await daemon.command("orders", "export", "--format", "jsonl")
    assert code == 0, errors
    return {order["phoneNumber"]: order for order in map(json.loads, output.splitlines())}


def counted(daemon: Daemon, line: str) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return line in (await daemon.get("/metrics")).text.splitlines()

    return look


async def test_the_platform_is_told_how_calls_have_ended(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    reached = platform.campaign(orders=5)
    other = platform.store.add_phone(number="+16054440130", status="active")["uuid"]
    met_busy = platform.campaign(outboundPhoneUuid=other)
    [order] = platform.orders(met_busy, 1, start=50)
    daemon = make_daemon(DISPATCHER_REPORT__ORDERS="true")
    await daemon.up()
    async with dialing(make_dialer(), make_dialer(phone=other, outcome="busy")):
        await eventually(lambda: statuses(platform, reached) == ["contacted"] * 5, what="five to be contacted")
        await eventually(lambda: statuses(platform, met_busy) == ["busy"], what="one to be busy")
        await eventually(counted(daemon, 'dispatcher_orders_reported_total{result="told"} 6.0'))
    # What the platform was told comes back with its list, and the next attempt is still to be made.
    mirrored = (await exported(daemon))[platform.store.orders[met_busy][order]["record"]["phoneNumber"]]
    assert (mirrored["last_outcome"], mirrored["closed_as"], mirrored["attempts"]) == ("busy", None, 1)
    assert mirrored["retry_at"] is not None


@pytest.mark.parametrize("status", [404, 500])
async def test_a_platform_that_does_not_take_it_holds_up_no_call(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer, status: int
) -> None:
    campaign = platform.campaign(orders=8)
    async with refusing(platform, "PATCH", status) as url:
        daemon = make_daemon(DISPATCHER_REPORT__ORDERS="true", DISPATCHER_API__BASE_URL=url)
        await daemon.up()
        dialer = make_dialer()
        async with dialing(dialer):
            await eventually(lambda: len(dialer.begun) == 8, what="8 calls")
            result = "given_up" if status == 404 else "failed"
            await eventually(lambda: _has(daemon, f'dispatcher_orders_reported_total{{result="{result}"}}'))
        assert await daemon.ready()
        assert statuses(platform, campaign) == ["planned"] * 8
        await daemon.stop()
    assert len({call["callOrderUuid"] for call in dialer.begun}) == 8


async def _has(daemon: Daemon, start: str) -> bool:
    return any(line.startswith(start) for line in (await daemon.get("/metrics")).text.splitlines())


@pytest.mark.parametrize("status", [None, 404])
async def test_orders_out_of_a_file_are_called_whatever_the_platform_lists(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer, tmp_path: Path, status: int | None
) -> None:
    campaign = platform.campaign()
    file = tmp_path / "leads.csv"
    file.write_text("phoneNumber,name,instructions\n+12125550101,Ann,Be brief\n+12125550102,Bob,\n", encoding="utf-8")
    async with refusing(platform, "GET" if status else "none", status or 200) as url:
        daemon = make_daemon(DISPATCHER_API__BASE_URL=url, DISPATCHER_REPORT__ORDERS="true")
        await daemon.up()
        dialer = make_dialer()
        async with dialing(dialer):
            imported = await daemon.json("orders", "import", str(file), "--campaign", campaign)
            await eventually(lambda: len(dialer.begun) == 2, what="2 calls")
            await eventually(counted(daemon, 'dispatcher_call_outcomes_total{outcome="completed"} 2.0'))
        await daemon.stop()
    assert imported["imported"]["added"] == 2
    said = {call["toPhoneNumber"]: (call["recordName"], call["instructions"]) for call in dialer.begun}
    assert said == {"+12125550101": ("Ann", "Be brief"), "+12125550102": ("Bob", None)}
    assert platform.store.orders[campaign] == {}
