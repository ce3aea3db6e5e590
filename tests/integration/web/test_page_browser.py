import shutil
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Page, async_playwright, expect

from dispatcher.mirror import brakes
from dispatcher.mirror.database import Database
from dispatcher.model.brakes import Scope
from dispatcher.serving import Server
from dispatcher.web.server import server

from .conftest import BEARER, NOW, Daemon, put_campaign
from .test_page import leave

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
]
PATIENCE_MS = 15_000

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on PATH")]


@pytest.fixture
async def running(daemon: Daemon) -> AsyncIterator[Server]:
    async with server(daemon.deps()) as found:
        yield found


@pytest.fixture
async def page(running: Server) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        found = await browser.new_page(color_scheme="dark")
        await found.goto(running.url)
        yield found
        await browser.close()


async def test_the_page_follows_what_happens_and_keeps_what_a_reader_opened(
    page: Page, running: Server, database: Database
) -> None:
    alarms: list[str] = []
    page.on("dialog", lambda dialog: alarms.append(dialog.message))
    page.on("console", lambda message: alarms.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: alarms.append(str(error)))

    put_campaign(database, "camp-2", name="<img src=x onerror=alert(1)>", timezone=None, assistant=None)
    hostile = page.get_by_role("row", name="<img src=x onerror=alert(1)>")
    await expect(hostile).to_contain_text("blocked", timeout=PATIENCE_MS)
    await hostile.get_by_text("2 more").click()
    await expect(hostile.get_by_text("no outbound assistant")).to_be_visible()

    database.run_write(brakes.place, Scope.CAMPAIGN, "camp-1", "wrong script", NOW)
    await expect(page.get_by_role("row", name="Spring")).to_contain_text("wrong script", timeout=PATIENCE_MS)
    await expect(hostile.get_by_text("no outbound assistant")).to_be_visible()
    assert alarms == []

    await running.stop()
    await expect(page.get_by_role("alert")).to_contain_text("has not answered since", timeout=PATIENCE_MS)


async def test_held_calls_and_dead_letters_come_and_go(page: Page, running: Server, database: Database) -> None:
    await expect(page.get_by_role("heading", name="Held calls")).to_have_count(0)
    leave(database, held=1, dead=1)
    held = page.locator("#held-table").get_by_role("row").nth(1)
    await expect(held).to_contain_text("the dialer fell silent", timeout=PATIENCE_MS)
    await expect(page.locator("#dead-table")).to_contain_text("no route")

    async with httpx.AsyncClient(base_url=running.url, headers=BEARER) as client:
        await client.post("/api/jobs/release", json={"all": True, "reason": "no such call", "by": "anna"})
        await client.post("/api/dead/drop", json={"all": True})
    await expect(page.get_by_role("heading", name="Held calls")).to_have_count(0, timeout=PATIENCE_MS)
    await expect(page.get_by_role("heading", name="Dead letters")).to_have_count(0)


async def test_it_has_landmarks_headings_and_a_way_past_the_head(page: Page) -> None:
    for role in ("banner", "main", "contentinfo"):
        await expect(page.get_by_role(role)).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Dispatcher")
    await expect(page.get_by_role("columnheader", name="Campaign")).to_have_count(1)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="To the campaigns")).to_be_focused()
