"""One comparison of SQL and Redis, beside a daemon or in place of one."""

import asyncio
import platform
from contextlib import AsyncExitStack
from typing import Any

from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.daemon.parts import assembled, opened
from dispatcher.loops.from_platform.sync import Sync
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.loops.in_hopper.reconcile import Done, Reconcile, Result
from dispatcher.mirror import record
from dispatcher.mirror.database import Database
from dispatcher.mirror.lock import Alone, Lock
from dispatcher.settings import Settings

_NO_EPOCH = 0
"""Who only looks is in charge of no hopper."""


async def reconcile_once(settings: Settings, *, dry_run: bool) -> dict[str, Any]:
    """Compare SQL and Redis, repair what is provable, and return what was found and done.

    Only whoever holds the lock of the one daemon may repair: while a daemon runs, or with `dry_run`, nothing is
    changed. TransientError if SQL or Redis fails.
    """
    clock = Clock()
    async with AsyncExitStack() as stack:
        database = await opened(settings, stack)
        lock = Lock(database, Alone.DISPATCHING)
        alone = await asyncio.to_thread(lock.take)
        stack.callback(lock.release)
        epoch = await _epoch(database, clock) if alone and not dry_run else _NO_EPOCH
        # Nothing is asked of the platform, so that no account is needed.
        nobody = Platform("http://localhost", "", settings.api.timeout, clock)
        context = assembled(settings, clock, database, nobody, stack, epoch=epoch, nudge=lambda _loop: None)
        await Sync(context).load()
        reconcile = Reconcile(context, Custody(context))
        findings = await reconcile.compare()
        if epoch == _NO_EPOCH:
            results = [Result(finding, Done.FOUND) for finding in findings]
        else:
            results = await reconcile.repair(findings)
    return {
        "daemon_running": not alone,
        "dry_run": dry_run,
        "repaired": sum(one.done is Done.REPAIRED for one in results),
        "left": sum(one.done is not Done.REPAIRED for one in results),
        "findings": [_document(one) for one in results],
    }


async def _epoch(database: Database, clock: Clock) -> int:
    return await database.write(record.begin_epoch, platform.node(), clock.now())


def _document(result: Result) -> dict[str, Any]:
    found = result.finding
    return {
        "kind": found.kind.value,
        "phone": found.phone,
        "job": found.job,
        "order": found.order,
        "done": result.done.value,
        "detail": result.detail,
    }
