"""Orders that a person takes out again: those that a file brought. The platform's own are removed on the platform."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from dispatcher.mirror import orders
from dispatcher.model.attempt import State

_BEGUN = {
    State.DIALING: "it is being called now: remove it when the call has ended",
    State.UNCERTAIN: "nobody knows whether it was called: settle that first, with `dispatcher job release` or `close`",
}


@dataclass(slots=True)
class Removed:
    """What became of orders: which were removed, which had been before, and which are not, each with the reason."""

    removed: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def take_out(
    connection: Connection, uuids: Sequence[str], at: datetime, *, campaign: str | None = None, dry_run: bool = False
) -> Removed:
    """Remove orders that a file brought, unless it is a dry run; with `campaign` only its own.

    A call that is queued for one is taken back by the daemon within a second, as when the platform removes an order.
    """
    done, known = Removed(), orders.known(connection, uuids)
    for uuid in dict.fromkeys(uuids):
        record = known.get(uuid)
        if record is None or campaign not in {None, record.order.campaign}:
            done.refused[uuid] = "there is no such order" + ("" if campaign is None else " of this campaign")
        elif not record.imported:
            done.refused[uuid] = "the platform has it: remove or cancel it in the studio"
        elif record.removed:
            done.already.append(uuid)
        elif record.live_state in _BEGUN:
            done.refused[uuid] = _BEGUN[record.live_state]
        else:
            done.removed.append(uuid)
    if not dry_run:
        orders.remove(connection, done.removed, at)
    return done
