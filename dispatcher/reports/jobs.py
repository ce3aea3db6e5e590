"""Attempts, newest first."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from dispatcher.errors import NotFoundError
from dispatcher.mirror import history
from dispatcher.mirror.attempts import Attempt
from dispatcher.mirror.database import Connection
from dispatcher.mirror.history import MOST_JOBS
from dispatcher.model.attempt import State
from dispatcher.reports.finding import find_tried_campaign, find_tried_order
from dispatcher.reports.instants import iso
from dispatcher.reports.sources import Sources
from dispatcher.rules.fault import shown

_SHOWN_DIGITS = 2


async def jobs(
    sources: Sources,
    now: datetime,
    *,
    states: Collection[State] = (),
    campaign: str | None = None,
    order: str | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """Return attempts, newest first: of these states (none: of every one), of one campaign or order.

    At most `limit` of them, and never more than `MOST_JOBS`. A campaign may be named as in `explain`; one that the
    platform has removed by its uuid. TransientError if SQL fails.
    """
    found = await sources.database.read(_look, states, campaign, order, max(1, min(limit, MOST_JOBS)))
    return {"at": iso(now), "jobs": [job(attempt) for attempt in found]}


def job(attempt: Attempt) -> dict[str, Any]:
    """Return an attempt as JSON; of the person's number only what tells two orders apart."""
    return {
        "job": attempt.job,
        "state": attempt.state.value,
        "campaign": attempt.campaign,
        "order": attempt.order,
        "phone": attempt.phone,
        "number": masked(attempt.number),
        "attempt": attempt.ordinal,
        "outcome": attempt.outcome,
        "detail": attempt.detail,
        "call_id": attempt.call_id,
        "why": attempt.why,
        "created_at": iso(attempt.created_at),
        "queued_at": iso(attempt.queued_at),
        "begun_at": iso(attempt.begun_at),
        "begun_by": attempt.begun_by,
        "ended_at": iso(attempt.ended_at),
        "not_after": iso(attempt.not_after),
        "settled_at": iso(attempt.settled_at),
        "settled_by": attempt.settled_by,
        "settled_why": attempt.settled_why,
    }


def decided(attempt: Attempt) -> dict[str, Any]:
    """Return an attempt as JSON with `decision`, what it was allowed by when it was queued."""
    return job(attempt) | {"decision": attempt.decision}


async def one(sources: Sources, text: str, now: datetime) -> dict[str, Any]:
    """Return one attempt with what it was allowed by; `text` is its job, or the start of only one.

    NotFoundError if there is none or several; TransientError if SQL fails.
    """
    found = await sources.database.read(history.starting, text)
    if len(found) != 1:
        several = "several jobs start with" if found else "there is no job"
        raise NotFoundError(f"{several} {shown(text)}: give the whole id of one, as `dispatcher jobs -o json` shows it")
    return {"at": iso(now), "jobs": [decided(found[0])]}


def masked(number: str | None) -> str | None:
    """Return a number with all but its last two digits hidden."""
    if number is None:
        return None
    return "*" * max(0, len(number) - _SHOWN_DIGITS) + number[-_SHOWN_DIGITS:]


def _look(
    connection: Connection, states: Collection[State], campaign: str | None, order: str | None, limit: int
) -> list[Attempt]:
    if campaign is not None:
        campaign = find_tried_campaign(connection, campaign)
    if order is not None:
        order = find_tried_order(connection, order)
    return history.listed(connection, states=states, campaign=campaign, order=order, limit=limit)
