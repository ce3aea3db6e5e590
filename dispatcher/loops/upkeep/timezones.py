"""Time zones: a newer copy of the tz database is taken into use while the daemon runs.

Governments change their clocks at a few weeks' notice, and a daemon runs for longer than that.
"""

from datetime import timedelta

from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.rules import zones

log = logger(__name__)

_TURN = timedelta(days=1)


class TimeZones:
    """Takes the newest tz database into use, daily and whenever it is asked to."""

    name = "timezones"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._source = zones.source()

    async def run_once(self) -> float:
        """Look for the newest copy and read the zone of every campaign from it anew; all other state stays."""
        context = self._context
        source = zones.use_newest()
        if source != self._source:
            log.info(
                "another tz database is in use",
                tzdata=source.version,
                tzdata_origin=source.origin,
                before=self._source.version,
            )
            self._source = source
        # Always, since what a release consists of may have been mended without another name.
        context.book.read_again(context.clock.now(), context.settings.schedule.blackout_dates)
        for name in ("tend", "orders", "dispatch"):
            context.nudge(name)
        return _TURN.total_seconds()
