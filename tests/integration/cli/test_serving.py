import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.integration.cli.conftest import Site
from tests.integration.worker.hopper import Hopper


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await true():
            await asyncio.sleep(0.02)


async def document(stream: asyncio.StreamReader | None) -> dict[str, Any]:
    """Read the one JSON document that a command prints before it serves."""
    assert stream is not None
    async with asyncio.timeout(60):
        printed: dict[str, Any] = json.loads(await stream.readuntil(b"\n}\n"))
        return printed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_sandbox_answers_until_it_is_stopped(site: Site, number: signal.Signals) -> None:
    arguments = ("--port", "0", "--campaigns", "2", "--orders", "10", "--token", "mine", "-o", "json")
    async with site.started("sandbox", *arguments) as process:
        told = await document(process.stdout)
        headers = {"Authorization": f"Bearer {told['token']}"}
        async with httpx.AsyncClient(base_url=told["base_url"], headers=headers) as api:
            listed = (await api.get("/campaigns")).json()
        process.send_signal(number)
        stdout, stderr = await asyncio.wait_for(process.communicate(), timeout=60)

    assert (process.returncode, stdout, stderr) == (0, b"", b"")
    # The reference's own two, those asked for, and one for each way of being blocked.
    assert listed["total"] == 2 + 2 + 6


async def test_an_empty_sandbox_holds_nothing(site: Site) -> None:
    async with site.started("sandbox", "--port", "0", "--empty", "-o", "json") as process:
        told = await document(process.stdout)

    assert (told["campaigns"], told["phones"], told["orders"]) == (0, 0, 0)


async def test_a_port_that_is_taken_is_one_sentence(site: Site) -> None:
    async with site.started("sandbox", "--port", "0", "--empty", "-o", "json") as process:
        port = httpx.URL((await document(process.stdout))["base_url"]).port
        ended = await site.run("sandbox", "--port", str(port), "--empty")

    assert (ended.code, ended.stdout) == (2, "")
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr


async def test_a_simulated_dialer_reports_by_its_mix_and_stops_in_order(site: Site, redis_url: str) -> None:
    hopper = Hopper(redis_url)
    await hopper.open("phone-1")
    await hopper.queue("job-1")

    async def reported() -> bool:
        return any(one["outcome"] != "begun" for one in await hopper.reports())

    async with site.started("worker", "--simulate", "--mix", "busy=1", "--length", "0s") as process:
        await until(reported)
        process.send_signal(signal.SIGTERM)
        stdout, _ = await asyncio.wait_for(process.communicate(), timeout=60)
    [outcome] = [one["outcome"] for one in await hopper.reports() if one["outcome"] != "begun"]
    await hopper.redis.aclose()

    assert (process.returncode, stdout, outcome) == (0, b"", "busy")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--simulate", "--mix", "rung=1"], "names no outcome"),
        (["--simulate", "--length", "long"], "The length of calls"),
        (["--webhook", "dialer"], "The webhook's address"),
        (["--webhook", "http://d.example", "--listen", "here"], "--listen must be host:port"),
    ],
)
async def test_a_dialer_with_wrong_options_does_not_start(site: Site, arguments: list[str], told: str) -> None:
    ended = await site.run("worker", *arguments)

    assert (ended.code, ended.stdout) == (2, "")
    assert told in ended.stderr
