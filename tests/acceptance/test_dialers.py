"""The dialers that people are shown and given, against the real daemon."""

import asyncio
import os
import re
import shutil
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dispatcher.serving import Server
from tests.acceptance.harness import COMMAND, Daemon, Platform, free_port
from tests.acceptance.seen import Make
from tests.servers import Redis
from tests.waiting import eventually

README = (Path(__file__).parents[2] / "README.md").read_text()


def block(marker: str) -> str:
    """The first fenced block of the README after a marker."""
    found = re.search(re.escape(marker) + r"\s*```\w+\n(.*?)```", README, re.DOTALL)
    assert found, marker
    return found.group(1)


@asynccontextmanager
async def process(*command: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(
        *command, env=os.environ | environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.terminate()
        await running.communicate()


async def finished(daemon: Daemon, number: int) -> bool:
    return bool((await daemon.json("status"))["attempts"]["finished"] == number)


async def test_the_readmes_python_dialer_places_calls(
    platform: Platform, make_daemon: Make, own_redis: Redis, tmp_path: Path
) -> None:
    platform.campaign(orders=3)
    daemon = make_daemon()
    await daemon.up()
    program = tmp_path / "dialer.py"
    program.write_text(block("In Python:\n").replace("redis://127.0.0.1:6379/0", own_redis.url))
    async with process(sys.executable, str(program)):
        await eventually(lambda: finished(daemon, 3), what="three outcomes")


async def test_the_readmes_shell_dialer_places_calls(
    platform: Platform, make_daemon: Make, own_redis: Redis, tmp_path: Path
) -> None:
    client = shutil.which("redis-cli") or shutil.which("valkey-cli")
    if client is None:
        pytest.skip("there is no redis-cli on PATH; .ci/run installs one")
    platform.campaign(orders=3)
    daemon = make_daemon()
    await daemon.up()
    # The shown script speaks to the usual port; this stands before the real client to name another.
    shim = tmp_path / "bin" / "redis-cli"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {client} -p {own_redis.port} "$@"\n')
    shim.chmod(0o755)
    program = tmp_path / "dialer"
    program.write_text(block("<!-- shell dialer -->\n"))
    async with process("sh", str(program), platform.phone, PATH=f"{shim.parent}:{os.environ['PATH']}"):
        await eventually(lambda: finished(daemon, 3), what="three outcomes")


async def test_the_simulated_worker_places_calls_by_the_given_mix(
    platform: Platform, make_daemon: Make, own_redis: Redis
) -> None:
    platform.campaign(orders=5)
    daemon = make_daemon()
    await daemon.up()
    simulated = ("worker", "--simulate", "--mix", "voicemail=1", "--length", "10ms-20ms", "--concurrency", "3")
    async with process(*COMMAND, *simulated, **daemon.environment):
        await eventually(lambda: finished(daemon, 5), what="five outcomes")
    assert {job["outcome"] for job in (await daemon.json("jobs"))["jobs"]} == {"voicemail"}


async def test_the_webhook_bridge_posts_calls_and_reads_their_outcomes(platform: Platform, make_daemon: Make) -> None:
    platform.campaign(orders=4)
    posted: list[str] = []

    async def dial(request: Request) -> JSONResponse:
        posted.append((await request.json())["toPhoneNumber"])
        return JSONResponse({"outcome": "busy", "call_id": "abc"})

    daemon = make_daemon()
    await daemon.up()
    app = Starlette(routes=[Route("/dial", dial, methods=["POST"])])
    server = Server(app, host="127.0.0.1", port=0, name="The dialer", remedy="take another")
    await server.start()
    async with process(*COMMAND, "worker", "--webhook", f"{server.url}/dial", **daemon.environment):
        await eventually(lambda: finished(daemon, 4), what="four outcomes")
    await server.stop()
    jobs = (await daemon.json("jobs"))["jobs"]
    assert {(job["outcome"], job["call_id"]) for job in jobs} == {("busy", "abc")}
    assert sorted(posted) == [f"+1212555{place:04d}" for place in range(4)]


async def test_the_webhook_bridge_takes_an_outcome_after_it_was_killed_and_started_anew(
    platform: Platform, make_daemon: Make, tmp_path: Path
) -> None:
    platform.campaign(orders=1)
    callbacks: asyncio.Queue[str] = asyncio.Queue()

    async def dial(request: Request) -> Response:
        assert request.headers["webhook-signature"].startswith("v1,")
        callbacks.put_nowait(request.headers["dispatcher-callback"])
        return Response(status_code=202)

    daemon = make_daemon()
    await daemon.up()
    (tmp_path / "secret").write_text(f"whsec_{b64encode(os.urandom(32)).decode()}\n")
    environment = daemon.environment | {"DISPATCHER_WORKER__WEBHOOK_SECRET_FILE": str(tmp_path / "secret")}
    app = Starlette(routes=[Route("/dial", dial, methods=["POST"])])
    listen = f"127.0.0.1:{free_port()}"
    async with Server(app, host="127.0.0.1", port=0, name="The dialer", remedy="take another") as server:
        bridge = (*COMMAND, "worker", "--webhook", f"{server.url}/dial", "--listen", listen)
        async with process(*bridge, **environment) as first:
            callback = await asyncio.wait_for(callbacks.get(), 60)
            first.kill()
            await first.wait()
        async with process(*bridge, **environment), httpx.AsyncClient() as client:

            async def posted() -> bool:
                try:
                    return (await client.post(callback, json={"outcome": "voicemail"})).status_code == 204
                except httpx.TransportError:
                    return False

            await eventually(posted, what="the outcome to be taken")
            await eventually(lambda: finished(daemon, 1), what="one outcome")
    [job] = (await daemon.json("jobs"))["jobs"]
    assert job["outcome"] == "voicemail"
    assert callbacks.empty()
