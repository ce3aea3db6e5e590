"""The fault suite for as long as you like: `python -m tests.fault --minutes 30 --seed 1`.

Exits with 1 if any promise was broken. Give `--folder` a file system in memory (/dev/shm) to be limited by the
processor: no kill of a process loses what it has written to a file.
"""

import argparse
import asyncio
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from tests.fault.soak import Round, round_of
from tests.fault.summary import line, summary


def main() -> int:
    """Run rounds until the time is over, and print what came of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long to go on (5)")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first round; each further one adds 1")
    parser.add_argument("--round", type=float, default=120.0, help="the length of a round in seconds (120)")
    parser.add_argument("--folder", type=Path, help="where each round keeps its files")
    given = parser.parse_args()
    until = time.monotonic() + given.minutes * 60
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored
    rounds: list[Round] = []
    broken: Counter[str] = Counter()
    try:
        while (left := until - time.monotonic()) > 0:
            seed = given.seed + len(rounds) + sum(broken.values())
            try:
                rounds.append(asyncio.run(round_of(seed, min(given.round, left), given.folder)))
            except AssertionError as fault:
                broken[f"round {seed}: {fault}"] += 1
                sys.stdout.write(f"round {seed} broke off: {fault}\n")
            else:
                sys.stdout.write(line(rounds[-1]) + "\n")
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stdout.write("interrupted; the round that ran is not counted\n")
    sys.stdout.write(summary(rounds, broken) + "\n")
    return 1 if broken or any(one.verdict.faults() for one in rounds) else 0


if __name__ == "__main__":
    sys.exit(main())
