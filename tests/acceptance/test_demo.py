"""The one command that shows everything."""

import asyncio
import json
import signal
from pathlib import Path

from tests.acceptance.harness import COMMAND


async def demo(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *COMMAND, "demo", *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def test_it_ends_by_itself_with_its_summary_and_leaves_nothing_behind(tmp_path: Path) -> None:
    process = await demo(tmp_path, "--for", "5s", "--speed", "30", "-o", "json")
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    summary = json.loads(output)
    assert (summary["duplicates"], summary["lost"], summary["outside_hours"]) == (0, 0, 0)
    assert summary["campaigns_mirrored"] >= 20
    assert summary["calls_queued"] >= summary["calls_begun"] > 0
    assert sum(summary["calls_finished"].values()) == summary["calls_begun"]
    assert b"The page is at http://127.0.0.1:" in errors
    assert list(tmp_path.iterdir()) == []


async def test_people_read_the_summary_in_lines_and_ctrl_c_ends_it_well(tmp_path: Path) -> None:
    process = await demo(tmp_path, "--speed", "30")
    assert process.stderr is not None
    assert process.stdout is not None
    while b"finished" not in await asyncio.wait_for(process.stderr.readline(), 60):
        pass
    process.send_signal(signal.SIGINT)
    output = (await asyncio.wait_for(process.communicate(), 60))[0].decode()
    assert process.returncode == 0, output
    for line in (
        "campaigns mirrored",
        "calls queued",
        "calls finished",
        "duplicates           0",
        "lost                 0",
    ):
        assert line in output
