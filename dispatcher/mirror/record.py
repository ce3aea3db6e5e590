"""The daemon's own record: its epoch, its signs of life, and the sync passes that it made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, case, or_, select, update

from dispatcher.mirror import changes
from dispatcher.mirror.changes import Change
from dispatcher.mirror.rows import insert
from dispatcher.mirror.tables import daemon, sync_changes, sync_passes
from dispatcher.model.reasons import Code, Reason

_SEEN_LATELY = timedelta(minutes=5)
"""What an earlier daemon saw of Redis is no proof any more when that daemon has been silent for longer."""


@dataclass(frozen=True, slots=True)
class Life:
    """What the mirror knows of the daemon; `conditions` maps a reason code to what keeps it from queueing.

    `keeps_all` says that the Redis server of `run_id`, when last seen, was one to forget nothing in a restart.
    `withheld` maps the uuid of a phone on whose queue nothing is put to the reason.
    """

    epoch: int
    run_id: str | None
    host: str
    started_at: datetime
    beat_at: datetime
    conditions: Mapping[str, str]
    keeps_all: bool = False
    withheld: Mapping[str, Reason] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pass:
    """One sync pass: `kind` is `campaigns` (with phones) or `orders`."""

    kind: str
    started_at: datetime
    seconds: float
    ok: bool
    counts: Mapping[str, Any]
    fault: str | None
    id: int = field(default=0, compare=False)  # 0 before it is written down


def begin_epoch(connection: Connection, host: str, at: datetime) -> int:
    """Start a new epoch, which deposes any dispatcher of an older one, and return it."""
    begun = {"host": host, "started_at": at, "beat_at": at, "conditions": {}, "withheld": {}}
    lately = case((daemon.c.beat_at > at - _SEEN_LATELY, daemon.c.keeps_all), else_=False)
    # One statement: two dispatchers that start together must not get the same epoch.
    statement = (
        insert(connection, daemon)
        .values(id=1, epoch=1, run_id=None, **begun)
        .on_conflict_do_update(index_elements=["id"], set_={"epoch": daemon.c.epoch + 1, "keeps_all": lately, **begun})
        .returning(daemon.c.epoch)
    )
    epoch: int = connection.execute(statement).scalar_one()
    return epoch


def beat(
    connection: Connection,
    epoch: int,
    conditions: Mapping[str, str],
    at: datetime,
    withheld: Mapping[str, Reason] | None = None,
) -> bool:
    """Leave a sign of life, and what keeps this daemon from queueing; False if a later dispatcher has taken over."""
    phones = {phone: [why.code.value, why.detail, _iso(why.until)] for phone, why in (withheld or {}).items()}
    told = {"beat_at": at, "conditions": dict(conditions), "withheld": phones}
    beaten = update(daemon).where(daemon.c.epoch == epoch).values(told)
    return connection.execute(beaten).rowcount == 1


def seen_server(connection: Connection, epoch: int, run_id: str, *, keeps_all: bool) -> None:
    """Remember the Redis server that the hopper is on, unless a later dispatcher has taken over."""
    connection.execute(update(daemon).where(daemon.c.epoch == epoch).values(run_id=run_id, keeps_all=keeps_all))


def current(connection: Connection) -> Life | None:
    """Return what is known of the daemon; None if none has ever run."""
    row = connection.execute(select(daemon)).first()
    if row is None:
        return None
    withheld = {phone: _reason(*why) for phone, why in (row.withheld or {}).items()}
    kept = bool(row.keeps_all)
    return Life(row.epoch, row.run_id, row.host, row.started_at, row.beat_at, row.conditions, kept, withheld)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _reason(code: str, detail: str, until: str | None) -> Reason:
    return Reason(Code(code), detail, datetime.fromisoformat(until) if until is not None else None)


def add_pass(connection: Connection, made: Pass, changed: Sequence[Change] = ()) -> None:
    """Write down a sync pass, and what it has changed."""
    statement = (
        insert(connection, sync_passes)
        .values(
            kind=made.kind,
            started_at=made.started_at,
            seconds=made.seconds,
            ok=made.ok,
            counts=dict(made.counts),
            fault=made.fault,
        )
        .returning(sync_passes.c.id)
    )
    changes.add(connection, connection.execute(statement).scalar_one(), changed)


def last_pass(connection: Connection, kind: str, *, ok: bool | None = None) -> Pass | None:
    """Return the newest pass of a kind, or the newest that succeeded or failed."""
    statement = select(sync_passes).where(sync_passes.c.kind == kind).order_by(sync_passes.c.id.desc()).limit(1)
    if ok is not None:
        statement = statement.where(sync_passes.c.ok.is_(ok))
    row = connection.execute(statement).first()
    return None if row is None else _pass_of(row)


def passes(
    connection: Connection, most: int, *, kind: str | None = None, uuid: str | None = None, changed: bool = False
) -> list[Pass]:
    """Return the newest passes, newest first: of a kind, that changed one thing, or that changed anything or failed."""
    statement = select(sync_passes).order_by(sync_passes.c.id.desc()).limit(most)
    if kind is not None:
        statement = statement.where(sync_passes.c.kind == kind)
    if uuid is not None:
        of_it = select(sync_changes.c["pass"]).where(sync_changes.c.uuid == uuid)
        statement = statement.where(sync_passes.c.id.in_(of_it))
    if changed:
        with_any = select(sync_changes.c["pass"])
        statement = statement.where(or_(sync_passes.c.id.in_(with_any), sync_passes.c.ok.is_(False)))
    return [_pass_of(row) for row in connection.execute(statement)]


def _pass_of(row: Row[Any]) -> Pass:
    return Pass(row.kind, row.started_at, row.seconds, row.ok, row.counts, row.fault, row.id)


def drop_passes(connection: Connection, before: datetime) -> int:
    """Forget passes that are older than needed to look back, and what they have changed."""
    dropped = connection.execute(sync_passes.delete().where(sync_passes.c.started_at < before)).rowcount
    changes.drop_orphans(connection)
    return dropped
