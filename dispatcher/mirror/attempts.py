"""Attempts in the mirror. Each transition is a conditional update whose row count says whether it happened."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Update, bindparam, func, or_, select, update

from dispatcher.mirror import orders
from dispatcher.mirror.rows import chunks, insert
from dispatcher.mirror.states import is_holding, is_live
from dispatcher.mirror.tables import attempts
from dispatcher.mirror.types import Instant
from dispatcher.model.attempt import LOST, State, sources

WORKER = "worker"
"""A worker said that it has begun the call."""

OBSERVED = "observed"
"""The document of a claimed call is gone, so that its worker has begun it or will say `gone`."""

ASSUMED = "assumed"
"""Nobody said when the call was begun: the instant is that of its end, or of the doubt whether it was begun at all."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to call one order, as SQL has it. Instants are UTC; `number` is E.164."""

    job: str
    order: str
    campaign: str
    phone: str
    number: str
    ordinal: int
    state: State
    basis: str
    not_after: datetime
    entry: str | None
    created_at: datetime
    queued_at: datetime | None
    begun_at: datetime | None
    begun_by: str | None
    ended_at: datetime | None
    outcome: str | None
    detail: str | None
    call_id: str | None
    why: str | None
    decision: Mapping[str, Any] | None
    settled_at: datetime | None = None
    settled_by: str | None = None
    settled_why: str | None = None


_INTENDED = ("job", "order", "campaign", "phone", "number", "ordinal", "basis", "not_after", "decision")


@dataclass(frozen=True, slots=True)
class Intent:
    """An attempt about to be made."""

    job: str
    order: str
    campaign: str
    phone: str
    number: str
    ordinal: int
    basis: str
    not_after: datetime
    decision: dict[str, Any]


def intend(connection: Connection, intents: Sequence[Intent], at: datetime) -> set[str]:
    """Write attempts as `intent`, and return the jobs of those that were free to be made.

    The unique indexes refuse an order that is held already and a number that is in a live attempt.
    """
    made = set()
    # The row count of an INSERT is not told on PostgreSQL.
    statement = insert(connection, attempts).on_conflict_do_nothing().returning(attempts.c.job)
    for intent in intents:
        if not orders.take(connection, intent.order, intent.job):
            continue
        row = {name: getattr(intent, name) for name in _INTENDED}
        if connection.execute(statement, row | {"state": State.INTENT.value, "created_at": at}).first() is not None:
            made.add(intent.job)
        else:
            orders.free(connection, intent.order, intent.job)
    return made


def queued(connection: Connection, entries: Iterable[tuple[str, str]], at: datetime) -> int:
    """Record that jobs are in the hopper, each with its entry; a report that was quicker stays.

    Returns how many were still intents.
    """
    moved = 0
    for job, entry in entries:
        if move(connection, job, State.QUEUED, entry=entry, queued_at=at):
            moved += 1
        else:
            # The entry is noted all the same: by it a long call shows signs of life, and is cleared away at its end.
            connection.execute(
                update(attempts)
                .where(attempts.c.job == job, attempts.c.queued_at.is_(None))
                .values(entry=entry, queued_at=at)
            )
    return moved


def begun(connection: Connection, job: str, by: str, at: datetime, entry: str | None = None) -> bool:
    """Record that a call was begun, by what a worker said (`worker`) or by what was seen (`observed`).

    `entry` is what the worker says that it has claimed: it is noted where none is, as in `queued`.
    """
    moved = move(connection, job, State.DIALING, begun_at=at, begun_by=by)
    if entry is not None:
        connection.execute(
            update(attempts)
            .where(attempts.c.job == job, attempts.c.entry.is_(None), attempts.c.state == State.DIALING.value)
            .values(entry=entry)
        )
    if moved:
        return True
    if by == WORKER:
        # What a worker says outweighs what was merely concluded: no `gone` can undo it now.
        connection.execute(
            update(attempts)
            .where(attempts.c.job == job, attempts.c.state.in_(_values({State.DIALING, State.UNCERTAIN})))
            .values(begun_by=WORKER)
        )
    return False


def begun_by_now(connection: Connection, jobs: Iterable[str], at: datetime) -> None:
    """Correct when calls were begun that were noted by a clock that was ahead of `at`."""
    for job in jobs:
        connection.execute(update(attempts).where(attempts.c.job == job, attempts.c.begun_at > at).values(begun_at=at))


def give_back(connection: Connection, job: str, order: str, state: State, why: str, at: datetime) -> bool:
    """Record with proof that nobody began a call (`state` is REVOKED or EXPIRED): its order is free again.

    False also of a call that Redis has forgotten: what looked like a proof may be from before that was noticed.
    """
    moved = move(connection, job, state, ended_at=at, why=why)
    if moved:
        orders.free(connection, order, job)
    return moved


def finish(
    connection: Connection,
    job: str,
    outcome: str,
    *,
    word: str,
    detail: str | None,
    call_id: str | None,
    at: datetime,
) -> bool:
    """Record an outcome; False if there was one already or the call was never to be begun."""
    return move(
        connection,
        job,
        State.FINISHED,
        outcome=outcome,
        outcome_word=word,
        detail=detail,
        call_id=call_id,
        ended_at=at,
    )


def doubt(connection: Connection, jobs: Iterable[str], why: str, at: datetime) -> list[str]:
    """Record that it is unknown what became of calls; their orders stay held. Returns the jobs that it held for."""
    return [job for job in jobs if move(connection, job, State.UNCERTAIN, ended_at=at, why=why)]


def live(connection: Connection, phone: str | None = None) -> list[Attempt]:
    """Return the attempts that take up a slot, of one phone or of all, oldest first."""
    statement = select(attempts).where(is_live(attempts))
    if phone is not None:
        statement = statement.where(attempts.c.phone == phone)
    # Sorted here: SQLite would rather read all that ever were, in order, than sort the few that are live.
    return sorted((attempt_of(row) for row in connection.execute(statement)), key=lambda one: one.created_at)


def by_job(connection: Connection, jobs: Iterable[str]) -> dict[str, Attempt]:
    """Return attempts by their jobs; unknown jobs are left out."""
    found = {}
    for some in chunks(jobs):
        for row in connection.execute(select(attempts).where(attempts.c.job.in_(some))):
            found[row.job] = attempt_of(row)
    return found


def last_started(connection: Connection, since: datetime) -> dict[str, datetime]:
    """Return for each phone when its newest attempt after `since` was made: pacing goes on across a restart."""
    statement = (
        select(attempts.c.phone, func.max(attempts.c.created_at))
        .where(attempts.c.created_at > since)
        .group_by(attempts.c.phone)
    )
    return {phone: at for phone, at in connection.execute(statement)}  # noqa: C416 (a Row is no pair to mypy)


def live_phones(connection: Connection) -> set[str]:
    """Return the phones with attempts that take up a slot."""
    return set(connection.execute(select(attempts.c.phone).where(is_live(attempts)).distinct()).scalars())


def held_phones(connection: Connection) -> set[str]:
    """Return the phones with attempts that hold an order: outcomes may still come for them."""
    return set(connection.execute(select(attempts.c.phone).where(is_holding(attempts)).distinct()).scalars())


def move(connection: Connection, job: str, target: State, among: frozenset[State] | None = None, **values: Any) -> bool:
    """Bring an attempt into a state, if it is in one (of `among`) from which that may follow; False if it is not."""
    before = sources(target) if among is None else sources(target) & among
    moved = connection.execute(
        _moving(target, before, tuple(sorted(values))), {"its_job": job, **{f"new_{k}": v for k, v in values.items()}}
    )
    return moved.rowcount == 1


@cache
def _moving(target: State, before: frozenset[State], columns: tuple[str, ...]) -> Update:
    """Return the statement of a transition, made once: to make one takes longer than to run it."""
    values: dict[str, ColumnElement[Any]] = {
        name: bindparam(f"new_{name}", type_=attempts.c[name].type) for name in columns
    }
    if target in {State.FINISHED, State.UNCERTAIN}:
        # What is noted of the beginning of a call that ends, if nothing has been yet: it counts for its person.
        values["begun_at"] = func.coalesce(attempts.c.begun_at, bindparam("new_ended_at", type_=Instant))
        values["begun_by"] = func.coalesce(attempts.c.begun_by, ASSUMED)
    among = [attempts.c.job == bindparam("its_job"), attempts.c.state.in_(_values(before))]
    if target in {State.REVOKED, State.EXPIRED}:
        among.append(or_(attempts.c.why.is_(None), attempts.c.why != LOST))
    return update(attempts).where(*among).values(state=target.value, **values)


def _values(states: Iterable[State]) -> list[str]:
    return [state.value for state in states]


def attempt_of(row: Row[Any]) -> Attempt:
    """Return the attempt of a row of the table."""
    return Attempt(
        job=row.job,
        order=row.order,
        campaign=row.campaign,
        phone=row.phone,
        number=row.number,
        ordinal=row.ordinal,
        state=State(row.state),
        basis=row.basis,
        not_after=row.not_after,
        entry=row.entry,
        created_at=row.created_at,
        queued_at=row.queued_at,
        begun_at=row.begun_at,
        begun_by=row.begun_by,
        ended_at=row.ended_at,
        outcome=row.outcome,
        detail=row.detail,
        call_id=row.call_id,
        why=row.why,
        decision=row.decision,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        settled_why=row.settled_why,
    )
