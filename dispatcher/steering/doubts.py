"""A person's word on uncertain calls: which are meant, and what it does to each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dispatcher.mirror import attempts, doubts, history, order_reports
from dispatcher.mirror.attempts import Attempt
from dispatcher.mirror.database import Connection, Database
from dispatcher.mirror.doubts import Word
from dispatcher.model.attempt import State
from dispatcher.model.outcome import Outcome
from dispatcher.reports.finding import find_phone, find_tried_campaign
from dispatcher.reports.jobs import job as document

UNKNOWN = "there is no such job"

_AT_ONCE = 1000
"""Attempts in one transaction: a daemon on SQLite waits that long for its turn."""


@dataclass(frozen=True, slots=True)
class Meant:
    """The uncertain attempts that are meant, and by name why others are none."""

    found: Sequence[Attempt]
    refused: dict[str, str] = field(default_factory=dict)


def named(database: Database, jobs: Sequence[str]) -> Meant:
    """Return the uncertain attempts of these names, each a job or the start of only one."""
    return database.run(_named, jobs)


def matching(
    database: Database,
    now: datetime,
    *,
    campaign: str | None = None,
    phone: str | None = None,
    older_than: timedelta | None = None,
) -> Meant:
    """Return all uncertain attempts: of a campaign, of a phone, in doubt for so long. NotFoundError without such."""
    return database.run(_matching, campaign, phone, now - older_than if older_than is not None else None)


def release(database: Database, meant: Meant, word: Word) -> dict[str, Any]:
    """Let the orders be dialled again, and tell which were `released` and which `refused`."""

    def free(connection: Connection, some: Sequence[Attempt]) -> set[str]:
        return {one.job for one in some if doubts.release(connection, one, word)}

    settled = {job for some in _parts(meant.found) for job in database.run_write(free, some)}
    return _told(database, "released", meant, settled, word)


def close(database: Database, meant: Meant, word: Word, outcome: Outcome, *, reporting: bool) -> dict[str, Any]:
    """End the orders with an outcome, and tell which were `closed` and which `refused`.

    With `reporting` the platform is told of them, as of every other call's end.
    """

    def end(connection: Connection, some: Sequence[Attempt]) -> set[str]:
        ended = [one for one in some if doubts.close(connection, one, outcome, word)]
        if reporting:
            order_reports.owe(connection, {one.order: outcome for one in ended}, word.at)
        return {one.job for one in ended}

    settled = {job for some in _parts(meant.found) for job in database.run_write(end, some)}
    return _told(database, "closed", meant, settled, word)


def _parts(found: Sequence[Attempt]) -> list[Sequence[Attempt]]:
    return [found[start : start + _AT_ONCE] for start in range(0, len(found), _AT_ONCE)]


def _told(database: Database, done: str, meant: Meant, settled: set[str], word: Word) -> dict[str, Any]:
    after = database.run(attempts.by_job, settled)
    late = {one.job: "it is not uncertain any more" for one in meant.found if one.job not in after}
    return {
        done: [document(after[one.job]) for one in meant.found if one.job in after],
        "refused": [{"job": name, "why": why} for name, why in (meant.refused | late).items()],
        "by": word.by,
        "reason": word.why,
    }


def _named(connection: Connection, jobs: Sequence[str]) -> Meant:
    found: dict[str, Attempt] = {}
    refused: dict[str, str] = {}
    for name in jobs:
        match history.starting(connection, name):
            case [one] if one.state is State.UNCERTAIN:
                found[one.job] = one
            case [one]:
                refused[one.job] = f"it is {one.state}, not uncertain"
            case []:
                refused[name] = UNKNOWN
            case _:
                refused[name] = "several jobs start with it"
    return Meant(list(found.values()), refused)


def _matching(connection: Connection, campaign: str | None, phone: str | None, before: datetime | None) -> Meant:
    return Meant(
        doubts.uncertain(
            connection,
            campaign=find_tried_campaign(connection, campaign) if campaign is not None else None,
            phone=find_phone(connection, phone).uuid if phone is not None else None,
            before=before,
        )
    )
