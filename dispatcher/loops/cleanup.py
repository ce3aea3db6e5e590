"""What need not be kept: old records of sync passes."""

from datetime import timedelta

from dispatcher.loops.context import Context
from dispatcher.mirror import record

_TURN_S = 3600.0
_PASSES_KEPT = timedelta(days=7)


class Cleanup:
    """Forgets what nobody will ask for."""

    name = "cleanup"

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run_once(self) -> float:
        """Drop old sync passes."""
        await self._context.database.write(record.drop_passes, self._context.clock.now() - _PASSES_KEPT)
        return _TURN_S
