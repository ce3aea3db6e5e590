"""The sync passes that were made, newest first: when, how long, what they changed and what they refused."""

from datetime import datetime
from typing import Any

from dispatcher.mirror import changes, record
from dispatcher.mirror.changes import Change
from dispatcher.mirror.database import Connection
from dispatcher.mirror.record import Pass
from dispatcher.reports.instants import iso
from dispatcher.reports.sources import Sources


async def passes(
    sources: Sources,
    now: datetime,
    *,
    limit: int,
    kind: str | None = None,
    uuid: str | None = None,
    changed: bool = False,
) -> dict[str, Any]:
    """Return at most `limit` passes: of one kind (`campaigns`, `orders`), that changed one thing, or anything at all.

    One that failed counts as one that changed something. TransientError if SQL fails.
    """
    found = await sources.database.read(_look, limit, kind, uuid, changed=changed)
    return {"at": iso(now), "passes": [_document(made, changed, uuid) for made, changed in found]}


def _look(
    connection: Connection, limit: int, kind: str | None, uuid: str | None, *, changed: bool
) -> list[tuple[Pass, list[Change]]]:
    made = record.passes(connection, limit, kind=kind, uuid=uuid, changed=changed)
    found = changes.of_passes(connection, [one.id for one in made])
    return [(one, found.get(one.id, [])) for one in made]


def _document(made: Pass, changed: list[Change], uuid: str | None) -> dict[str, Any]:
    return {
        "kind": made.kind,
        "started_at": iso(made.started_at),
        "seconds": made.seconds,
        "ok": made.ok,
        "fault": made.fault,
        "counts": dict(made.counts),
        "changes": [
            {
                "kind": one.kind,
                "uuid": one.uuid,
                "name": one.name,
                "change": one.change,
                "before": one.before,
                "after": one.after,
            }
            for one in changed
            if uuid is None or one.uuid == uuid
        ],
    }
