"""The long run: what it keeps of a round, and that nothing outlives it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fault.history import Verdict
from tests.fault.rounds import Round, kept, read
from tests.fault.summary import line, summary
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
GOOD = Round(1, 60.0, Verdict(attempts=10, begun=9), {"hung up": 2, "worker killed": 3}, {"workers": 3})
BAD = Round(2, 60.0, Verdict(late=["job 1 was begun late"], uncertain=2), {}, {"workers": 1})
BROKEN = Round(3, 5.0, broke="somebody pulled the plug")


def test_what_is_kept_of_rounds_is_read_again(tmp_path: Path) -> None:
    """An interrupted run loses nothing, and the files of several are summed up."""
    file = tmp_path / "results"
    file.write_text("".join(kept(one) + "\n" for one in (GOOD, BAD, BROKEN)), encoding="utf-8")
    assert list(read(file)) == [GOOD, BAD, BROKEN]
    assert [one.good() for one in read(file)] == [True, False, False]


def test_the_summary_counts_what_was_broken() -> None:
    """The promises by kind, and the rounds that nobody could judge."""
    rows = {row[:22].strip(): row[22:].strip() for row in summary([GOOD, BAD, BROKEN]).splitlines()}
    assert rows["rounds"] == "3, 1 broken off"
    assert rows["duplicates"] == rows["lost"] == "0"
    assert rows["late begins"] == "1"
    assert rows["uncertain"] == "2 after 4 killed workers"
    assert "job 1 was begun late" in line(BAD)
    assert "pulled the plug" in line(BROKEN)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
async def test_nothing_outlives_a_run_that_is_killed(tmp_path: Path) -> None:
    """Dispatchers, workers, Redis and what they are forked from end with it."""
    command = [sys.executable, "-m", "tests.fault", "--folder", str(tmp_path), "--parallel", "2"]
    with (tmp_path / "said").open("wb") as said:
        run = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said)  # noqa: ASYNC220 (it starts at once)
    try:
        # Each of two lanes with its Redis, what its processes are forked from, a dispatcher and a worker at least.
        family = await eventually(lambda: found if len(found := list(_offspring(run.pid))) >= 10 else None)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    await eventually(lambda: not any(map(_lives, family)), 30.0, "the end of all that it had started")


def _offspring(parent: int) -> Iterator[int]:
    with suppress(OSError):  # it may end meanwhile
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            for child in map(int, children.read_text(encoding="utf-8").split()):
                yield child
                yield from _offspring(child)


def _lives(process: int) -> bool:
    """Tell whether a process runs; one that has ended may stay in the table until somebody asks how."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}
