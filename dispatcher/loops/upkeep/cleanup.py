"""What need not be kept: old records of sync passes, and of orders that the platform could not be told of."""

from datetime import timedelta

from dispatcher.loops.context import Context
from dispatcher.mirror import order_reports, record

_TURN_S = 3600.0
_KEPT = timedelta(days=7)


class Cleanup:
    """Forgets what nobody will ask for."""

    name = "cleanup"

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run_once(self) -> float:
        """Drop old records."""
        before = self._context.clock.now() - _KEPT
        await self._context.database.write(record.drop_passes, before)
        await self._context.database.write(order_reports.drop_given_up, before)
        return _TURN_S
