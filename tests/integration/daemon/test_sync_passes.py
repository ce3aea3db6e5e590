"""Passes over the platform that are asked for at the same time."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dispatcher.api.listing import read_whole
from dispatcher.clock import Clock
from dispatcher.daemon.daemon import Daemon
from dispatcher.loops import sync
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.server import Server
from dispatcher.sandbox.store import Store
from dispatcher.settings import load

TOKEN = "a-token-of-the-sandbox"


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
            has_read, may_go_on = asyncio.Event(), asyncio.Event()

            async def slow(pages: Any, kind: str) -> Any:
                found = await read_whole(pages, kind)
                if kind == "campaigns" and not has_read.is_set():
                    has_read.set()
                    await may_go_on.wait()
                return found

            monkeypatch.setattr(sync, "read_whole", slow)
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
