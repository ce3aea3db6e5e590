"""A dialer of the four plain commands, quick and mortal, with a telephone log. It knows nothing of the dispatcher.

One process, one connection, no event loop: it claims a batch, asks for all documents in one pipeline, "dials" each
for a random time, and reports. It follows the contract's rules for errors, and dies where it is told to.
"""

import heapq
import json
import os
import random
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hiredis

from tests.fault.crashing import die_with_parent
from tests.fault.phone_log import PhoneLog, begin_line, now

_GROUP = "dialers"
_ANSWER_S = 5.0
_AGAIN_S = 0.05
_BEAT_MS = 20
"""A worker with many calls ends those together that end within this."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a worker behaves. `dies_at` is the step after which it kills itself; `dies_by_chance` the odds per step.

    `stops_at` is the step after which it stands still until it is sent SIGCONT.
    """

    port: int
    phones: Sequence[str]
    log: Path
    name: str
    at_once: int = 1
    call_s: tuple[float, float] = (0.0, 0.05)
    outcomes: Mapping[str, float] = field(default_factory=lambda: {"completed": 1.0})
    says_begun: bool = False
    repeats: float = 0.0
    dies_at: int | None = None
    stops_at: int | None = None
    dies_by_chance: float = 0.0
    heartbeat_s: float = 60.0  # of the kit's
    url: str | None = None  # of several servers, which the kit alone knows how to find
    seed: int = 0
    prefix: str = "dispatcher"


class Line:
    """One connection; every failure of it is an OSError, after which the next question connects anew."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._reader = hiredis.Reader(encoding="utf-8", errors="replace")

    def ask(self, *commands: Sequence[str | int]) -> list[Any]:
        """Send commands at once and return their answers; an error that Redis answers is returned, not raised."""
        try:
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=_ANSWER_S)
                self._reader = hiredis.Reader(encoding="utf-8", errors="replace")
            self._socket.sendall(b"".join(_packed(command) for command in commands))
            return [self._answer(self._socket) for _ in commands]
        except OSError:
            self.close()
            raise

    def _answer(self, connection: socket.socket) -> Any:
        while (found := self._reader.gets()) is False:
            data = connection.recv(65536)
            if not data:
                raise ConnectionError("Redis hung up")
            self._reader.feed(data)
        return found

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _packed(command: Sequence[str | int]) -> bytes:
    words: tuple[Any, ...] = tuple(command)
    packed: bytes = hiredis.pack_command(words)
    return packed


@dataclass(frozen=True, slots=True, order=True)
class _Call:
    ends_at: float
    entry: str
    phone: str
    job: str
    outcome: str


class RawWorker:
    """Claims, takes, dials and reports until it is killed or told to stop."""

    def __init__(self, habits: Habits) -> None:
        self._habits = habits
        self._line = Line(habits.port)
        self._log = PhoneLog(habits.log)
        self._random = random.Random(habits.seed)  # noqa: S311 (a simulation, and one that can be repeated)
        self._steps = 0
        self._calls: list[_Call] = []
        self._words, self._weights = list(habits.outcomes), list(habits.outcomes.values())
        self.stopped = False

    def run(self) -> None:
        """Work until stopped; calls that run then are ended at once and reported."""
        while not self.stopped:
            try:
                self._turn()
            except OSError:
                time.sleep(_AGAIN_S)
        while self._calls:
            self._end([heapq.heappop(self._calls) for _ in range(len(self._calls))])
        self._line.close()

    def _turn(self) -> None:
        free = self._habits.at_once - len(self._calls)
        if free:
            self._take(self._claim(free))
        elif self._calls:
            time.sleep(max(0.0, min(_AGAIN_S, self._calls[0].ends_at - time.monotonic())))
        due = []
        while self._calls and self._calls[0].ends_at <= time.monotonic():
            due.append(heapq.heappop(self._calls))
        if due:
            self._end(due)

    def _claim(self, free: int) -> list[tuple[str, str, str, int]]:
        """Step 1: return phone, entry, job and not_after (ms) of what was claimed."""
        phones = self._habits.phones
        some = self._random.sample(phones, min(free, len(phones)))
        wait = max(_BEAT_MS, min(200, self._ms_until_the_next_end())) if self._calls else 200
        streams = [self._key(phone, "calls") for phone in some]
        who = ("XREADGROUP", "GROUP", _GROUP, self._habits.name)
        how = ("COUNT", free // len(some), "BLOCK", wait, "STREAMS")
        [found] = self._line.ask([*who, *how, *streams, *(">" for _ in streams)])
        if isinstance(found, Exception):
            time.sleep(_AGAIN_S)  # no group yet, or Redis refuses
            return []
        self._step()
        claimed = []
        for stream, entries in found or []:
            for entry, fields in entries:
                known = dict(zip(fields[::2], fields[1::2], strict=True))
                claimed.append((some[streams.index(stream)], entry, known["job"], int(known["not_after"])))
        return claimed

    def _ms_until_the_next_end(self) -> int:
        return int((self._calls[0].ends_at - time.monotonic()) * 1000)

    def _take(self, claimed: list[tuple[str, str, str, int]]) -> None:
        """Step 2 and 3: ask for the documents until Redis has answered for each, and dial those that came."""
        waiting = claimed
        while waiting:
            asked = now()
            questions = [("GETDEL", self._key(phone, f"call:{job}")) for phone, _, job, _ in waiting]
            try:
                answers = self._line.ask(*questions)
            except OSError:
                # Nobody knows whether these ran: asked again, and dialled only with a document in hand.
                time.sleep(_AGAIN_S)
                continue
            self._step()
            again, lines, gone = [], [], []
            for one, document in zip(waiting, answers, strict=True):
                phone, entry, job, not_after = one
                if isinstance(document, Exception):
                    again.append(one)
                elif document is None:
                    gone.append(_Call(0.0, entry, phone, job, "gone"))
                else:
                    lines.append(begin_line(json.loads(document), self._habits.name, asked, not_after))
                    ends_at = time.monotonic() + self._random.uniform(*self._habits.call_s)
                    [outcome] = self._random.choices(self._words, self._weights)
                    heapq.heappush(self._calls, _Call(ends_at, entry, phone, job, outcome))
            self._log.write(lines)
            self._step()
            if self._habits.says_begun and lines:
                self._say_begun(self._calls)
            if gone:
                self._report(gone)
            waiting = again
            if again:
                time.sleep(_AGAIN_S)

    def _say_begun(self, calls: Sequence[_Call]) -> None:
        said = [
            ("XADD", self._key(one.phone, "outcomes"), "*", "job", one.job, "entry", one.entry, "outcome", "begun")
            for one in calls
        ]
        try:
            self._line.ask(*said)
        except OSError:
            return  # it is for operators only
        self._step()

    def _end(self, calls: list[_Call]) -> None:
        """Step 4 for calls that have ended."""
        self._log.write([f"e\t{one.job}\t{time.monotonic()}\t{one.outcome}" for one in calls])
        self._step()
        self._report(calls)
        self._log.write([f"r\t{one.job}\t{time.monotonic()}" for one in calls])
        self._step()

    def _report(self, calls: list[_Call]) -> None:
        """Report until Redis has confirmed it; some are reported twice, as a client that repeats would."""
        waiting = list(calls)
        while waiting:
            commands: list[Sequence[str | int]] = []
            for one in waiting:
                stream = self._key(one.phone, "calls")
                fields = ("job", one.job, "entry", one.entry, "outcome", one.outcome)
                report = ("XADD", self._key(one.phone, "outcomes"), "*", *fields)
                end = (("XACK", stream, _GROUP, one.entry), ("XDEL", stream, one.entry))
                commands += [("MULTI",), report, *end, ("EXEC",)]
            try:
                answers = self._line.ask(*commands)
            except OSError:
                time.sleep(_AGAIN_S)
                continue
            self._step()
            refused = [one for place, one in enumerate(waiting) if isinstance(answers[5 * place + 4], Exception)]
            again = [one for one in waiting if one not in refused and self._random.random() < self._habits.repeats]
            waiting = refused + again
            if refused:
                time.sleep(_AGAIN_S)

    def _step(self) -> None:
        self._steps += 1
        if self._steps == self._habits.dies_at or self._random.random() < self._habits.dies_by_chance:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._steps == self._habits.stops_at:
            os.kill(os.getpid(), signal.SIGSTOP)

    def _key(self, phone: str, rest: str) -> str:
        return f"{self._habits.prefix}:{{{phone}}}:{rest}"


def main(habits: Habits) -> None:
    """Work in a process of its own until SIGTERM."""
    die_with_parent()
    worker = RawWorker(habits)

    def stop(_number: int, _frame: object) -> None:
        worker.stopped = True

    signal.signal(signal.SIGTERM, stop)
    worker.run()
