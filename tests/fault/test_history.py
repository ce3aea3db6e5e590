"""The checker itself: each promise that is broken on purpose is found, and an honest history is not blamed."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from dispatcher.mirror import schema
from dispatcher.mirror.database import Database
from dispatcher.mirror.tables import attempts, orders
from tests.fault import phone_log
from tests.fault.history import Facts, Pause, Verdict, check
from tests.fault.phone_log import PhoneLog

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT_MS = int(AT.timestamp() * 1000)


class Past:
    """A history written by hand."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "calls"
        self._log = PhoneLog(self._path)
        self._database = Database(f"sqlite:///{folder / 'd.db'}")
        self._database.run_write(schema.upgrade)
        self.facts = Facts(concurrency=2, rate=10.0)

    def order(self, uuid: str, *, charged: int = 0, live_job: str | None = None) -> None:
        row = {"uuid": uuid, "campaign": "c", "status": "planned", "document": {}, "digest": "", "mirrored_at": AT}
        row |= {"dialable": True, "rank": 2, "due_at": AT, "attempts": charged, "live_job": live_job}
        self._database.run_write(lambda connection: connection.execute(insert(orders), row))

    def attempt(self, job: str, order: str, state: str, **more: Any) -> None:
        row = {"job": job, "order": order, "campaign": "c", "phone": "p", "number": order, "ordinal": 1, "state": state}
        row |= {"basis": "", "not_after": AT, "created_at": AT, **more}
        self._database.run_write(lambda connection: connection.execute(insert(attempts), row))

    def begun(self, job: str, order: str, at: float, *, ended: float | None = None, told: bool = True) -> None:
        fields = ["b", job, order, "c", "p", order, "w", AT_MS, at, at, AT_MS]
        lines = ["\t".join(map(str, fields))]
        if ended is not None:
            lines.append(f"e\t{job}\t{ended}\tcompleted")
            lines += [f"r\t{job}\t{ended}"] * told
        self._log.write(lines)

    def call(self, job: str, order: str, at: float, ended: float) -> None:
        """One that went well."""
        self.order(order, charged=1)
        self.attempt(job, order, "finished", outcome="completed")
        self.begun(job, order, at, ended=ended)

    def verdict(self) -> Verdict:
        return check(phone_log.read(self._path), self._database, self.facts)

    def close(self) -> None:
        self._log.close()
        self._database.close()


@pytest.fixture
def past(tmp_path: Path) -> Any:
    made = Past(tmp_path)
    yield made
    made.close()


def test_an_honest_history_is_not_blamed(past: Past) -> None:
    past.call("j1", "o1", 1.0, 2.0)
    past.call("j2", "o2", 1.1, 2.0)
    past.order("o3", live_job="j3")
    past.attempt("j3", "o3", "uncertain")
    past.begun("j3", "o3", 5.0)
    past.order("o4")
    past.attempt("j4", "o4", "revoked")
    past.facts.crashes = 1
    verdict = past.verdict()
    assert verdict.faults() == []
    assert (verdict.attempts, verdict.begun, verdict.finished, verdict.uncertain) == (4, 3, 2, 1)


def _twice(past: Past) -> None:
    past.begun("j1", "o1", 1.5)


def _overlapping(past: Past) -> None:
    past.attempt("j2", "o1", "revoked")
    past.begun("j2", "o1", 1.5, ended=1.6)


def _unknown(past: Past) -> None:
    past.begun("j9", "o9", 5.0, ended=5.1)


def _stuck(past: Past) -> None:
    past.order("o2", live_job="j2")
    past.attempt("j2", "o2", "queued")


def _leaked(past: Past) -> None:
    past.order("o2", live_job="j-of-old")


def _confirmed_and_forgotten(past: Past) -> None:
    past.order("o2", live_job="j2")
    past.attempt("j2", "o2", "uncertain")
    past.begun("j2", "o2", 5.0, ended=5.1)
    past.facts.crashes = 1


def _doubted_for_nothing(past: Past) -> None:
    past.order("o2", live_job="j2")
    past.attempt("j2", "o2", "uncertain")


def _lost_for_nothing(past: Past) -> None:
    past.order("o2", live_job="j2")
    past.attempt("j2", "o2", "uncertain", why="Redis had forgotten the queue")


def _begun_and_free(past: Past) -> None:
    past.order("o2")
    past.attempt("j2", "o2", "expired")
    past.begun("j2", "o2", 5.0)


def _finished_by_nobody(past: Past) -> None:
    past.order("o2", charged=1)
    past.attempt("j2", "o2", "finished", outcome="completed")


def _charged_twice(past: Past) -> None:
    past.order("o2", charged=2)
    past.attempt("j2", "o2", "finished", outcome="completed")
    past.begun("j2", "o2", 5.0, ended=5.1)


def _after_a_pause(past: Past) -> None:
    past.facts.pauses = [Pause("c", known_at=-0.1, within_s=1.0, lifted_at=9.0)]


def _outside_the_window(past: Past) -> None:
    past.facts.shut = lambda campaign, at_ms: (campaign, at_ms) == ("c", AT_MS)


def _at_once(past: Past) -> None:
    past.call("j2", "o2", 1.1, 2.0)
    past.call("j3", "o3", 1.2, 2.0)


def _too_fast(past: Past) -> None:
    for place in range(15):
        past.call(f"k{place}", f"q{place}", 5.0 + place / 1000, 5.0 + place / 1000)


@pytest.mark.parametrize(
    ("breaks", "where"),
    [
        (_twice, "duplicates"),
        (_overlapping, "duplicates"),
        (_unknown, "lost"),
        (_stuck, "lost"),
        (_leaked, "lost"),
        (_confirmed_and_forgotten, "lost"),
        (_doubted_for_nothing, "wrong"),
        (_lost_for_nothing, "wrong"),
        (_begun_and_free, "wrong"),
        (_finished_by_nobody, "wrong"),
        (_charged_twice, "wrong"),
        (_after_a_pause, "late"),
        (_outside_the_window, "late"),
        (_at_once, "over_limit"),
        (_too_fast, "over_limit"),
    ],
)
def test_a_broken_promise_is_found(past: Past, breaks: Callable[[Past], None], where: str) -> None:
    past.call("j1", "o1", 1.0, 2.0)
    assert past.verdict().faults() == []
    breaks(past)
    assert getattr(past.verdict(), where)


def test_the_log_survives_writers_that_are_killed_and_keeps_lines_whole(tmp_path: Path) -> None:
    first, second = PhoneLog(tmp_path / "calls"), PhoneLog(tmp_path / "calls")
    document = {"job": "j", "callOrderUuid": "o", "campaignUuid": "c", "phoneUuid": "p", "toPhoneNumber": "+1"}
    first.write([phone_log.begin_line(document, "w", phone_log.now(), AT_MS)])
    second.died("w")
    first.close()
    second.close()
    recorded = phone_log.read(tmp_path / "calls")
    assert [(call.job, call.worker, call.not_after_ms) for call in recorded.calls] == [("j", "w", AT_MS)]
    assert recorded.deaths["w"] <= time.monotonic()
