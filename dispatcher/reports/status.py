"""How things stand, in a few numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatcher.errors import TransientError
from dispatcher.mirror import breakers, campaigns, dead_letters, doubts, history, order_reports, record
from dispatcher.mirror.database import Connection
from dispatcher.mirror.record import Life, Pass
from dispatcher.model.attempt import State
from dispatcher.model.reasons import Code
from dispatcher.reports.facts import SYNC, running, silence, synced_at
from dispatcher.reports.instants import iso
from dispatcher.reports.queues import hopper_depths
from dispatcher.reports.sources import Sources
from dispatcher.rules import conditions, zones
from dispatcher.rules.breaker import Pause, Scope


@dataclass(frozen=True, slots=True)
class _Mirror:
    counts: Mapping[str, int]
    synced_at: datetime | None
    last_pass: Pass | None
    attempts: Mapping[State, int]
    outcomes: Mapping[str, int]
    dead_letters: int
    reports_given_up: int
    life: Life | None
    lost: int
    pauses: Mapping[tuple[Scope, str], Pause]


async def status(sources: Sources, now: datetime) -> dict[str, Any]:
    """Return how the mirror, the hopper, the attempts and the daemon stand at `now`.

    Healthy means: database and Redis answer, the mirror is not stale, a daemon is running, and nothing keeps it from
    queueing. `problems` has a sentence for each thing that is not so. What cannot be asked is null; nothing raises.
    """
    depths, hopper_problem = await hopper_depths(sources)
    problems = [hopper_problem] if hopper_problem else []
    mirror: _Mirror | None = None
    try:
        mirror = await sources.database.read(_look)
    except TransientError as fault:
        problems.append(str(fault))
    else:
        problems += _problems(mirror, now, sources)
    version = zones.source()
    return {
        "healthy": not problems,
        "at": iso(now),
        "problems": problems,
        "mirror": _mirror(mirror, now) if mirror else None,
        "hopper": None
        if depths is None
        else {
            "ready": sum(depth.ready for depth in depths.values()),
            "in_flight": sum(depth.claimed for depth in depths.values()),
        },
        "attempts": {state.value: mirror.attempts[state] for state in State} if mirror else None,
        "uncertain": mirror.attempts[State.UNCERTAIN] if mirror else None,
        "held_after_loss": mirror.lost if mirror else None,
        "outcomes": dict(sorted(mirror.outcomes.items())) if mirror else None,
        "dead_letters": mirror.dead_letters if mirror else None,
        "reports_given_up": mirror.reports_given_up if mirror else None,
        "failing": _failing(mirror.pauses, now) if mirror else None,
        "daemon": _daemon(mirror.life, now) if mirror else None,
        "tzdata": {"version": version.version, "origin": version.origin},
    }


def _look(connection: Connection) -> _Mirror:
    return _Mirror(
        counts=campaigns.counts(connection),
        synced_at=synced_at(connection),
        last_pass=record.last_pass(connection, SYNC),
        attempts=history.counts(connection),
        outcomes=history.outcomes(connection),
        dead_letters=sum(dead_letters.counts(connection).values()),
        reports_given_up=order_reports.counts(connection)[1],
        life=record.current(connection),
        lost=doubts.held(connection)[1],
        pauses=breakers.load(connection),
    )


def _problems(mirror: _Mirror, now: datetime, sources: Sources) -> list[str]:
    stale = conditions.stale(mirror.synced_at, now, sources.settings.sync.max_staleness)
    silent = silence(mirror.life, now)
    # What a daemon said that no longer runs is no news.
    said = mirror.life.conditions if mirror.life is not None and silent is None else {}
    return [
        *([silent] if silent else []),
        *([stale.detail] if stale else []),
        *(detail for code, detail in said.items() if code != Code.MIRROR_STALE),
    ]


def _mirror(mirror: _Mirror, now: datetime) -> dict[str, Any]:
    last, at = mirror.last_pass, mirror.synced_at
    return {
        "campaigns": mirror.counts["campaigns"],
        "phones": mirror.counts["phones"],
        "orders": mirror.counts["orders"],
        "synced_at": iso(at),
        "age_s": round((now - at).total_seconds(), 3) if at else None,
        "last_pass": None
        if last is None
        else {"started_at": iso(last.started_at), "seconds": last.seconds, "ok": last.ok, "fault": last.fault},
    }


def _failing(pauses: Mapping[tuple[Scope, str], Pause], now: datetime) -> list[dict[str, Any]]:
    """Return the phones and assistants that rest, or are tried with one call at a time, because their calls failed."""
    found = (
        (scope, target, pause.reason(scope, target, now) or pause.trial(scope, target))
        for (scope, target), pause in sorted(pauses.items())
    )
    return [
        {"scope": scope.value, "target": target, "detail": reason.detail, "until": iso(reason.until)}
        for scope, target, reason in found
        if reason is not None
    ]


def _daemon(life: Life | None, now: datetime) -> dict[str, Any]:
    return {
        "running": running(life, now),
        "epoch": life.epoch if life else None,
        "host": life.host if life else None,
        "started_at": iso(life.started_at) if life else None,
        "beat_at": iso(life.beat_at) if life else None,
        "conditions": dict(life.conditions) if life else {},
    }
