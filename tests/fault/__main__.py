"""The fault suite for as long as you like: `python -m tests.fault --minutes 30 --seed 1 --parallel 2`.

Exits with 1 if any promise was broken. Give `--folder` a file system in memory (/dev/shm) to be limited by the
processor: no kill of a process loses what it has written to a file. TERM or Ctrl-C bring the rounds that run to an
early end, and they count; a second one leaves them out.
"""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.fault.lanes import Lanes
from tests.fault.rounds import Round, kept, read
from tests.fault.summary import line, progress, summary

_LOOK_S = 0.5
_TELL_S = 60.0
_LEAST_S = 30.0
"""A round that is shorter is over before its system is busy."""


def main() -> int:
    """Run rounds until the time is over, and print what came of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long to go on (5)")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first round; each further one adds 1")
    parser.add_argument("--round", type=float, default=120.0, help="the length of a round in seconds (120)")
    parser.add_argument("--parallel", type=int, default=1, help="how many rounds run beside each other (1)")
    parser.add_argument("--folder", type=Path, help="where each round keeps its files")
    parser.add_argument("--results", type=Path, help="a file to which each round is added as a line of JSON")
    parser.add_argument("--sum", type=Path, nargs="+", metavar="FILE", help="run nothing: sum up such files")
    given = parser.parse_args()
    if given.sum:
        rounds = [one for file in given.sum for one in read(file)]
        sys.stdout.write(summary(rounds) + "\n")
    else:
        with tempfile.TemporaryDirectory(dir=given.folder, prefix="soak-") as folder:
            rounds = _run(given, Path(folder))
    return 0 if all(one.good() for one in rounds) else 1


def _run(given: argparse.Namespace, folder: Path) -> list[Round]:
    asked_to_end: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell may have had the second ignored
        signal.signal(number, lambda number, _frame: asked_to_end.append(number))
    began = told_at = time.monotonic()
    until = began + given.minutes * 60
    lanes, rounds, ending = Lanes(given.parallel, folder), list[Round](), False
    seed, least_s = given.seed, min(_LEAST_S, given.minutes * 60 / 2)
    try:
        while len(asked_to_end) <= 1:
            if asked_to_end and not ending:
                lanes.end()
                ending = True
            while not ending and lanes.room() and (left := until - time.monotonic()) > least_s:
                lanes.begin(seed, min(given.round, left))
                seed += 1
            if not lanes.busy:
                break
            for one in lanes.over(_LOOK_S):
                rounds.append(one)
                if given.results:
                    with given.results.open("a", encoding="utf-8") as file:
                        file.write(kept(one) + "\n")
                _say(line(one))
            if time.monotonic() - told_at > _TELL_S:
                told_at = time.monotonic()
                _say(progress(rounds, told_at - began, [lane.told() for lane in lanes.busy]))
    finally:
        lanes.kill()
    if lanes.busy:
        _say("interrupted twice; the rounds that ran are not counted")
    _say(summary(rounds, time.monotonic() - began))
    return rounds


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
