"""Passes over the platform that are asked for at the same time."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from dispatcher.api.sheets import Sheet, Sheets
from dispatcher.clock import Clock
from dispatcher.daemon.daemon import Daemon
from dispatcher.errors import NotFoundError, TransientError
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.server import Server
from dispatcher.sandbox.store import Store
from dispatcher.settings import load
from tests.integration.daemon.running import running

TOKEN = "a-token-of-the-sandbox"
HOURS = {"mon": {"start": "00:00", "end": "00:01"}}


async def test_the_orders_of_a_campaign_are_read_at_once_on_request(redis_url: str, tmp_path: Path) -> None:
    store = Store()
    shut = store.add_campaign(status="draft", name="Not yet active")["uuid"]
    async with running(Clock(), redis_url, tmp_path, HOURS, store=store) as (daemon, _, _phone):
        store.add_order(shut, "+12125560001", uuid="order_1")
        assert (await daemon.request_sync("Not yet active"))["orders"]["added"] == 1
        assert (await daemon.request_sync(shut))["orders"]["unchanged"] == 1
        assert "orders" not in await daemon.request_sync()
        with pytest.raises(NotFoundError, match="no campaign 'nowhere'"):
            await daemon.request_sync("nowhere")
        store.orders[shut]["order_2"] = {"uuid": "order_2", "status": object()}
        with pytest.raises(TransientError, match="500"):
            await daemon.request_sync(shut)


async def test_a_pass_that_read_earlier_does_not_undo_what_a_later_one_has_brought(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    campaign = store.add_campaign(status="active")["uuid"]
    async with Server(create_app(store, TOKEN, Clock())) as server:
        values = {
            "DISPATCHER_API__BASE_URL": server.url,
            "DISPATCHER_API__TOKEN": TOKEN,
            "DISPATCHER_DATABASE__URL": f"sqlite:///{tmp_path / 'dispatcher.db'}",
            "DISPATCHER_REDIS__URL": redis_url,
            "DISPATCHER_SYNC__INTERVAL": "1h",
            "DISPATCHER_SYNC__MAX_STALENESS": "2h",
        }
        daemon = Daemon(load(None, values), Clock(), pytest.fail)
        await daemon.start()
        try:
            await daemon.request_sync()
            read = Sheets.read
            has_read, may_go_on = asyncio.Event(), asyncio.Event()

            async def slow(sheets: Sheets) -> AsyncGenerator[tuple[int, Sheet], None]:
                async for found in read(sheets):
                    if found[1].things is None and not has_read.is_set():
                        has_read.set()
                        await may_go_on.wait()
                    yield found

            monkeypatch.setattr(Sheets, "read", slow)
            early = asyncio.create_task(daemon.request_sync())
            await has_read.wait()
            store.update_campaign(campaign, {"status": "paused"}, Clock().now())
            late = asyncio.create_task(daemon.request_sync())
            await asyncio.wait({late}, timeout=1)  # as long as it wants, if it does not wait for the other one
            may_go_on.set()
            await asyncio.gather(early, late)
            assert daemon.context.book.plans[campaign].campaign.status == "paused"
        finally:
            await daemon.stop()
