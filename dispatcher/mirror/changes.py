"""What sync passes have changed, thing by thing: before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from dispatcher.mirror.tables import sync_changes, sync_passes

ADDED, CHANGED, REMOVED, REFUSED = "added", "changed", "removed", "refused"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a pass has changed: `kind` is campaigns, phones or orders, `change` one of the words above.

    `before` and `after` hold the fields of the platform's document that differ.
    """

    kind: str
    uuid: str
    name: str | None
    change: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of two documents that differ, as they were and as they are; an absent one is left out."""
    names = [
        name
        for name in {**before, **after}
        if before.get(name) != after.get(name) or (name in before) != (name in after)
    ]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


def add(connection: Connection, of_pass: int, changes: Sequence[Change]) -> None:
    """Write down what a pass has changed."""
    if changes:
        connection.execute(
            sync_changes.insert(),
            [
                {
                    "pass": of_pass,
                    "kind": one.kind,
                    "uuid": one.uuid,
                    "name": one.name,
                    "change": one.change,
                    "before": one.before,
                    "after": one.after,
                }
                for one in changes
            ],
        )


def of_passes(connection: Connection, passes: Sequence[int]) -> dict[int, list[Change]]:
    """Return what passes have changed, by pass."""
    found: dict[int, list[Change]] = {}
    statement = select(sync_changes).where(sync_changes.c["pass"].in_(passes)).order_by(sync_changes.c.id)
    for row in connection.execute(statement).mappings():
        found.setdefault(row["pass"], []).append(
            Change(row["kind"], row["uuid"], row["name"], row["change"], row["before"], row["after"])
        )
    return found


def drop_orphans(connection: Connection) -> int:
    """Forget the changes of passes that have been forgotten."""
    kept = select(sync_passes.c.id)
    return connection.execute(sync_changes.delete().where(sync_changes.c["pass"].not_in(kept))).rowcount
