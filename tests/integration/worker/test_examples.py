"""The dialers of deploy/examples, step by step, against a real Redis that loses replies."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.worker.hopper import NUMBER, Hopper, until
from tests.integration.worker.proxy import proxied

EXAMPLES = Path(__file__).parents[3] / "deploy" / "examples"

_NODE_DIAL = """
const fs = require('node:fs');
module.exports = async function dial(call) {
  fs.appendFileSync(process.env.BEGUN, call.toPhoneNumber + '\\n');
  while (process.env.GATE && !fs.existsSync(process.env.GATE)) await new Promise((done) => setTimeout(done, 20));
  if (process.env.BREAK) throw new Error('no line');
  return { outcome: 'voicemail', callId: 'c-1' };
};
"""
_SHELL_DIAL = """#!/bin/sh
sed -n 's/.*"toPhoneNumber": "\\([^"]*\\)".*/\\1/p' >>"$BEGUN"
while [ -n "${GATE:-}" ] && ! [ -e "$GATE" ]; do sleep 0.02; done
[ -z "${BREAK:-}" ] || exit 1
echo voicemail
"""


class Example:
    """One of the dialers, with a dial function that notes whom it calls and waits for a gate."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.command = command
        self.begun = folder / "begun"
        self.gate = folder / "gate"

    @asynccontextmanager
    async def running(self, redis_url: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run it for as long as the block lasts, and hold it to an end in good order."""
        process = await asyncio.create_subprocess_exec(
            *self.command, env=os.environ | {"REDIS_URL": redis_url, "BEGUN": str(self.begun)} | environment
        )
        try:
            yield process
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 60) == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def calls(self) -> list[str]:
        """The numbers that were called."""
        return self.begun.read_text().split() if self.begun.exists() else []


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Node dialer needs, installed as its head says."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("there is no node and npm on PATH; .ci/run installs them")
    folder = tmp_path_factory.mktemp("node")
    shutil.copy(EXAMPLES / "node" / "package.json", folder)
    # Without a lock file: what it would say of registries is nobody's business.
    command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    subprocess.run(command, cwd=folder, check=True, timeout=110)
    return folder / "node_modules"


def make_node(request: pytest.FixtureRequest, folder: Path) -> Example:
    node_modules: Path = request.getfixturevalue("node_modules")
    shutil.copy(EXAMPLES / "node" / "dialer.js", folder)
    (folder / "dial.js").write_text(_NODE_DIAL)
    (folder / "node_modules").symlink_to(node_modules)
    return Example(["node", str(folder / "dialer.js"), "phone-1"], folder)


def make_shell(request: pytest.FixtureRequest, folder: Path) -> Example:
    if shutil.which("redis-cli") is None:
        pytest.skip("there is no redis-cli on PATH; .ci/run installs one")
    dial = folder / "dial"
    dial.write_text(_SHELL_DIAL)
    dial.chmod(0o755)
    return Example(["sh", str(EXAMPLES / "shell" / "dialer"), "phone-1", str(dial)], folder)


@pytest.fixture(params=[make_node, make_shell], ids=["node", "shell"])
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Example:
    make: Callable[[pytest.FixtureRequest, Path], Example] = request.param
    return make(request, tmp_path)


async def test_it_dials_reports_and_leaves_nothing_behind(example: Example, redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    entry = await hopper.queue("job-1")
    async with example.running(redis_url):
        await until(hopper.outcomes)
    assert example.calls() == [NUMBER]
    begun, outcome = await hopper.reports()
    assert begun == {"job": "job-1", "entry": entry, "outcome": "begun"}
    assert {name: outcome[name] for name in ("job", "entry", "outcome")} == {
        "job": "job-1",
        "entry": entry,
        "outcome": "voicemail",
    }
    assert await hopper.pending() == []
    assert await hopper.unread_or_pending() == 0


async def test_without_a_document_it_does_not_dial(example: Example, redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    entry = await hopper.queue_entry("job-1")
    async with example.running(redis_url):
        await until(hopper.outcomes)
    assert await hopper.reports() == [{"job": "job-1", "entry": entry, "outcome": "gone"}]
    assert example.calls() == []


async def test_a_document_whose_reply_is_lost_is_not_dialled(example: Example, redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    async with proxied(redis_url) as proxy:
        proxy.lose_reply("GETDEL")
        proxy.lose_reply("getdel")
        async with example.running(proxy.url):
            await until(hopper.outcomes)
        assert proxy.broken == 1
    assert [fields["outcome"] for fields in await hopper.reports()] == ["gone"]
    assert example.calls() == []


async def test_a_take_that_did_not_run_is_tried_again(example: Example, redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    async with proxied(redis_url) as proxy:
        proxy.lose_request("GETDEL")
        proxy.lose_request("getdel")
        async with example.running(proxy.url):
            await until(hopper.outcomes)
        assert proxy.broken == 1
    assert [fields["outcome"] for fields in await hopper.outcomes()] == ["voicemail"]
    assert example.calls() == [NUMBER]


async def test_an_outcome_is_delivered_until_redis_has_it(example: Example, redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    async with proxied(redis_url) as proxy:
        proxy.lose_request("EXEC")
        proxy.lose_request("exec")
        async with example.running(proxy.url):
            await until(lambda: proxy.broken == 1)
            await until(hopper.outcomes)
    assert {fields["outcome"] for fields in await hopper.outcomes()} == {"voicemail"}
    assert await hopper.pending() == []
    assert example.calls() == [NUMBER]


async def test_a_call_that_breaks_has_failed(example: Example, redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    async with example.running(redis_url, BREAK="yes"):
        await until(hopper.outcomes)
    assert [fields["outcome"] for fields in await hopper.outcomes()] == ["failed"]


async def test_a_stop_lets_the_call_end_and_dials_no_more(example: Example, redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    async with example.running(redis_url, GATE=str(example.gate)) as process:
        await until(example.calls)
        await hopper.queue("job-2")
        process.send_signal(signal.SIGTERM)
        example.gate.touch()
        assert await asyncio.wait_for(process.wait(), 60) == 0
    outcomes = [(fields["job"], fields["outcome"]) for fields in await hopper.outcomes()]
    # Where the call ends before the signal has arrived, the next one is claimed, and handed back.
    handed_back = ("job-2", "gone") in outcomes
    assert outcomes == [("job-1", "voicemail"), *[("job-2", "gone")] * handed_back]
    assert await hopper.has_document("job-2") is not handed_back
    assert len(example.calls()) == 1
