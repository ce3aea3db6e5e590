"""The operator's own brakes. A sync never touches them."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from dispatcher.mirror.tables import brakes
from dispatcher.model.brakes import Brakes, Scope


def place(connection: Connection, scope: Scope, target: str | None, reason: str, at: datetime) -> bool:
    """Put a brake on; False if it was on already (the first reason stays)."""
    if connection.execute(select(brakes.c.id).where(*_on(scope, target))).first() is not None:
        return False
    connection.execute(
        brakes.insert().values(scope=scope.value, target=target, reason=reason, placed_at=at, lifted_at=None)
    )
    return True


def lift(connection: Connection, scope: Scope, target: str | None, at: datetime) -> bool:
    """Take a brake off; False if there was none."""
    return connection.execute(update(brakes).where(*_on(scope, target)).values(lifted_at=at)).rowcount > 0


def current(connection: Connection) -> Brakes:
    """Return the brakes that are on."""
    rows = connection.execute(select(brakes).where(brakes.c.lifted_at.is_(None)).order_by(brakes.c.id)).all()
    everything = [row.reason for row in rows if row.scope == Scope.ALL]
    return Brakes(
        everything=everything[0] if everything else None,
        campaigns={row.target: row.reason for row in rows if row.scope == Scope.CAMPAIGN},
        phones={row.target: row.reason for row in rows if row.scope == Scope.PHONE},
    )


def _on(scope: Scope, target: str | None) -> tuple[ColumnElement[bool], ...]:
    same = brakes.c.target.is_(None) if target is None else brakes.c.target == target
    return (brakes.c.scope == scope.value, same, brakes.c.lifted_at.is_(None))
