"""Notes on campaigns, told once when they appear and once when they are gone."""

import asyncio

from dispatcher import metrics
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.model.note import NoteCode
from dispatcher.reports import notes
from dispatcher.reports.samples import Samples

log = logger(__name__)


class Lint:
    """Looks over the campaigns in the book after each sync pass."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._samples = Samples()
        self._told: notes.Notes = {}
        self._unknown: set[str] = set()
        self._reviewed: object = None  # the plans that were looked over last, without any sample

    async def review(self) -> None:
        """Log the notes that are new and those that are gone, and count them all."""
        self._look_for_unknown()
        context = self._context
        book = context.book.plans
        at = context.clock.now()
        listed = [uuid for uuid in context.book.plans if uuid in context.book.orders_synced_at]
        sampled = await context.database.read(self._samples.read, listed, context.settings, at)
        if book is self._reviewed and not sampled:
            return  # what of these was to be noted has been
        self._reviewed = None if sampled else book
        # Thousands of campaigns take seconds the first time: not on the loop that queues calls.
        found = await asyncio.to_thread(notes.review, list(book.values()), sampled, at)
        counted = notes.counted(found)
        for code in NoteCode:
            metrics.CAMPAIGN_NOTES.labels(code.value).set(counted[code.value])
        for uuid in found.keys() | self._told.keys():
            now, before = found.get(uuid, ()), self._told.get(uuid, ())
            for note in now:
                if note not in before:
                    log.info("campaign noted", campaign=uuid, code=note.code.value, why=note.detail)
            for note in before:
                if note not in now:
                    log.info("campaign no longer noted", campaign=uuid, code=note.code.value)
        self._told = found

    def _look_for_unknown(self) -> None:
        """Say once of each campaign that has blackout dates that the platform lists none such."""
        unknown = self._context.settings.schedule.blackout_dates.keys() - self._context.book.plans.keys()
        for uuid in sorted(unknown - self._unknown):
            log.warning("blackout dates of a campaign that is not there", campaign=uuid, key="schedule.blackout_dates")
        self._unknown = unknown
