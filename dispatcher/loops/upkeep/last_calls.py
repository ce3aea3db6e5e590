"""Mirror to book: how long before closing the last calls of campaigns begin, where their own calls tell that."""

from datetime import timedelta

from dispatcher.loops.context import Context
from dispatcher.reports.guards import Guards
from dispatcher.rules.last_call import P95

_TURN = timedelta(minutes=1)


class LastCalls:
    """Keeps the guards of the campaigns that are open, or will be before the next turn."""

    name = "last_calls"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._guards = Guards()

    async def run_once(self) -> float:
        """Read what is not known, or not lately, of those campaigns; nothing where the setting is a set time."""
        context = self._context
        if context.settings.schedule.last_call_before_close == P95:
            now = context.clock.now()
            soon = context.book.open_by(now + 2 * _TURN)
            context.book.guards = await context.database.read(self._guards.read, soon, context.settings, now)
        return _TURN.total_seconds()
