"""Platform to mirror: campaigns and phones, as whole lists or not at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from dispatcher import metrics
from dispatcher.api import parse
from dispatcher.api.listing import read_whole
from dispatcher.api.parse import Parsed, Unreadable
from dispatcher.errors import PermanentError, TransientError
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.loops.lint import Lint
from dispatcher.mirror import campaigns, record
from dispatcher.mirror.database import Connection
from dispatcher.mirror.lock import Alone, alone
from dispatcher.mirror.record import Pass
from dispatcher.rules.listing import difference, removal_refused
from dispatcher.rules.plan import make_plan

log = logger(__name__)

KIND = "campaigns"
"""The kind of pass that decides how old the mirror is; it reads phones too."""


@dataclass(slots=True)
class Counts:
    """What a pass did to one kind of thing; `refusals` are the sentences behind `refused`."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    refused: int = 0
    unchanged: int = 0
    refusals: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return the counts as the command line shows them."""
        return {
            "added": self.added,
            "changed": self.changed,
            "removed": self.removed,
            "refused": self.refused,
            "unchanged": self.unchanged,
            "refusals": self.refusals,
        }


class Sync:
    """Reads all campaigns and phones, and writes what has changed.

    With `accept_removals` the platform is believed however much it says is gone, each thing confirmed by name.
    """

    name = "sync"

    def __init__(self, context: Context, *, accept_removals: bool = False) -> None:
        self._context = context
        self._accept_removals = accept_removals
        self._loaded: tuple[object, ...] | None = None
        self._lint = Lint(context)

    async def run_once(self) -> float:
        """Make one pass; a failed one leaves the mirror as it was, and older."""
        await self.run_pass()
        return self._context.settings.sync.interval.total_seconds()

    async def run_pass(self) -> dict[str, Counts]:
        """Make one pass and return what it did to each kind; one that is asked for during another comes after it.

        Of two passes at once, the one that read first might write last, and undo a pause that the other has brought.
        """
        async with alone(self._context.database, Alone.SYNC, self._context.clock):
            return await self._pass()

    async def _pass(self) -> dict[str, Counts]:
        context = self._context
        started, since = context.clock.now(), context.clock.monotonic()
        counts: dict[str, Counts] = {}
        fault: str | None = None
        try:
            counts["phones"] = await self._mirror("phones", parse.phone, campaigns.put_phones, context.platform.phone)
            counts["campaigns"] = await self._mirror(
                "campaigns", parse.campaign, campaigns.put_campaigns, context.platform.campaign
            )
        except (TransientError, PermanentError) as found:
            fault = str(found)
            raise
        finally:
            seconds = context.clock.monotonic() - since
            ok = len(counts) == 2  # noqa: PLR2004 (both kinds)
            documents = {kind: one.document() for kind, one in counts.items()}
            await context.database.write(record.add_pass, Pass(KIND, started, seconds, ok, documents, fault))
            metrics.SYNC_PASSES.labels(KIND, str(ok).lower()).inc()
            metrics.SYNC_SECONDS.labels(KIND).observe(seconds)
        was_stale = bool(context.book.conditions(context.clock.now()))
        context.book.synced_at = started
        await self.load()
        if was_stale:
            context.nudge("health")
            context.nudge("dispatch")
        await self._lint.review()
        return counts

    async def load(self) -> None:
        """Take what the mirror holds into the book, if it has changed since."""
        context = self._context
        version = await context.database.read(campaigns.version)
        if version != self._loaded:
            found, phones = await context.database.read(campaigns.load)
            context.book.replace((make_plan(one, phones) for one in found.values()), context.clock.now())
            self._loaded = version
            context.nudge("tend")
            context.nudge("orders")
            context.nudge("dispatch")

    async def _mirror(
        self,
        kind: str,
        read: Callable[[Any], Parsed[Any] | Unreadable],
        put: Callable[[Connection, Sequence[tuple[Any, Mapping[str, Any], str]], datetime], None],
        confirm: Callable[[str], Any],
    ) -> Counts:
        context = self._context
        found = [read(item) for item in await read_whole(partial(context.platform.pages, kind, kind), kind)]
        counts = Counts()
        parsed = {one.thing.uuid: one for one in found if isinstance(one, Parsed)}
        for one in found:
            if isinstance(one, Unreadable):
                counts.refusals.append(one.why)
        counts.refusals += [
            f"{kind[:-1]} {uuid}: {one.thing.fault}" for uuid, one in parsed.items() if one.thing.fault is not None
        ]
        counts.refused = len(counts.refusals)
        metrics.SYNC_REFUSED.labels(kind).set(counts.refused)
        mirrored = await context.database.read(campaigns.digests, kind)
        differs = difference(mirrored, {uuid: one.digest for uuid, one in parsed.items()})
        counts.added, counts.changed, counts.unchanged = len(differs.added), len(differs.changed), differs.unchanged
        missing = await self._missing(kind, differs.missing, len(mirrored), len(parsed), confirm, counts)
        written = [parsed[uuid] for uuid in (*differs.added, *differs.changed)]
        await context.database.write(_apply, kind, put, written, missing, context.clock.now())
        if written or missing:
            log.info("mirror changed", kind=kind, added=counts.added, changed=counts.changed, removed=counts.removed)
        return counts

    async def _missing(
        self,
        kind: str,
        missing: Sequence[str],
        mirrored: int,
        listed: int,
        confirm: Callable[[str], Any],
        counts: Counts,
    ) -> list[str]:
        """Return what is to be removed: what the platform, asked by name, says is not there."""
        refusal = removal_refused(kind, len(missing), mirrored, listed)
        if refusal is not None and not self._accept_removals:
            counts.refused += len(missing)
            counts.refusals.append(refusal)
            log.warning("removal refused", why=refusal)
            return []
        confirmed = [uuid for uuid in missing if await confirm(uuid) is None]
        counts.removed = len(confirmed)
        return confirmed


def _apply(
    connection: Connection,
    kind: str,
    put: Callable[[Connection, Sequence[tuple[Any, Mapping[str, Any], str]], datetime], None],
    written: Sequence[Parsed[Any]],
    missing: Sequence[str],
    now: datetime,
) -> None:
    put(connection, [(one.thing, one.document, one.digest) for one in written], now)
    campaigns.remove(connection, kind, missing, now)
