"""The telephone company's log: an append-only file to which every dialer writes what it does, whoever dies meanwhile.

One line per event, tab-separated, each written by one call of the system, so that a kill leaves whole lines:

    b job order campaign phone number worker asked_ms asked_s begun_s not_after_ms   a call was begun
    e job ended_s outcome                                                           it ended, not yet reported
    r job told_s                                                                    Redis has confirmed the report
    d worker died_s                                                                 a worker was found dead

`_ms` is the wall clock in milliseconds, `_s` the monotonic clock in seconds, which all processes of a host share.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Begun:
    """A begun call. `asked_at` is from before its document was asked for, `begun_at` from after it had come."""

    job: str
    order: str
    campaign: str
    phone: str
    number: str
    worker: str
    asked_ms: int
    asked_at: float
    begun_at: float
    not_after_ms: int
    ended_at: float | None = None
    outcome: str | None = None
    told_at: float | None = None


class PhoneLog:
    """A writer of the log."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, lines: Iterable[str]) -> None:
        """Append lines."""
        text = "".join(f"{line}\n" for line in lines)
        if text:
            os.write(self._file, text.encode())

    def died(self, worker: str) -> None:
        """Note that a worker is dead: its calls have ended, and nobody will report them."""
        self.write([f"d\t{worker}\t{time.monotonic()}"])

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def begin_line(document: Mapping[str, object], worker: str, asked: tuple[int, float], not_after_ms: int) -> str:
    """Return the line of a call whose document was asked for at `asked` (wall ms, monotonic s) and has come now."""
    names = ("job", "callOrderUuid", "campaignUuid", "phoneUuid", "toPhoneNumber")
    fields = [str(document[name]) for name in names]
    return "\t".join(["b", *fields, worker, str(asked[0]), str(asked[1]), str(time.monotonic()), str(not_after_ms)])


def now() -> tuple[int, float]:
    """Return the wall clock in milliseconds and the monotonic clock in seconds."""
    return time.time_ns() // 1_000_000, time.monotonic()


@dataclass(slots=True)
class Recorded:
    """What a log holds: calls in the order of their lines, and when each dead worker was found dead."""

    calls: list[Begun]
    deaths: dict[str, float]


def read(path: Path) -> Recorded:
    """Read a log. Events of a job that was begun twice belong to its first call."""
    calls: list[Begun] = []
    first: dict[str, Begun] = {}
    deaths: dict[str, float] = {}
    for kind, *fields in _lines(path):
        if kind == "b":
            job, order, campaign, phone, number, worker, asked_ms, asked, begun, not_after = fields
            when = (int(asked_ms), float(asked), float(begun), int(not_after))
            call = Begun(job, order, campaign, phone, number, worker, *when)
            calls.append(call)
            first.setdefault(call.job, call)
        elif kind == "e":
            first[fields[0]].ended_at, first[fields[0]].outcome = float(fields[1]), fields[2]
        elif kind == "r":
            first[fields[0]].told_at = float(fields[1])
        else:
            deaths[fields[0]] = float(fields[1])
    return Recorded(calls, deaths)


def _lines(path: Path) -> Iterator[list[str]]:
    if path.exists():
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield line.rstrip("\n").split("\t")
