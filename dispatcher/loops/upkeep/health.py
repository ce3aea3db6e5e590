"""Clocks, signs of life, and the gauges that tell how things stand."""

from collections import Counter

from dispatcher import metrics
from dispatcher.errors import DeposedError
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.mirror import attempts, dead_letters, doubts, record
from dispatcher.model.reasons import Code
from dispatcher.rules.conditions import SKEW_NOTED

log = logger(__name__)

_TURN_S = 5.0


class Health:
    """Compares the clocks and leaves a sign of life."""

    name = "health"

    def __init__(self, context: Context, custody: Custody) -> None:
        self._context = context
        self._custody = custody
        self._noted: set[str] = set()

    async def run_once(self) -> float:
        """Measure, warn, and write down that this daemon lives."""
        context = self._context
        self._compare_clocks()
        now = context.clock.now()
        conditions = {reason.code.value: reason.detail for reason in context.book.conditions(now)}
        phones = {plan.campaign.phone for plan in context.book.plans.values() if plan.campaign.phone is not None}
        withheld = self._custody.withheld(sorted(phones))
        if not await context.database.write(record.beat, context.epoch, conditions, now, withheld):
            raise DeposedError("another dispatcher has taken over this database; only one may run on it")
        for code in (Code.MIRROR_STALE, Code.CLOCK_SKEW, Code.HOPPER_RECOVERING):
            metrics.CONDITIONS.labels(code.value).set(code.value in conditions)
        if context.book.synced_at is not None:
            metrics.MIRROR_AGE.set((now - context.book.synced_at).total_seconds())
        for state, number in Counter(one.state for one in await context.database.read(attempts.live)).items():
            metrics.LIVE.labels(state.value).set(number)
        for cause, letters in (await context.database.read(dead_letters.counts)).items():
            metrics.DEAD_LETTERS.labels(cause.value).set(letters)
        before, context.book.held = context.book.held, await context.database.read(doubts.held)
        if context.book.held[0] < before[0]:
            # A person may have released some, by a command of which this process hears nothing.
            context.book.stir()
            context.nudge("dispatch")
        metrics.HELD.labels("loss").set(context.book.held[1])
        metrics.HELD.labels("silence").set(context.book.held[0] - context.book.held[1])
        metrics.CAMPAIGNS.clear()
        for against, number in context.book.census(now).items():
            metrics.CAMPAIGNS.labels(against.value if against else "none").set(number)
        return _TURN_S

    def _compare_clocks(self) -> None:
        """Compare Redis's and the platform's clock with the host's, and say so when they differ."""
        skews = self._context.book.skews
        if self._context.platform.skew is not None:
            skews["platform"] = self._context.platform.skew
        for whose, differs in skews.items():
            metrics.SKEW.labels(whose).set(differs.total_seconds())
            noted = whose in self._noted
            if abs(differs) > SKEW_NOTED and not noted:
                self._noted.add(whose)
                log.warning("clocks differ", clock=whose, seconds=round(differs.total_seconds(), 3))
            elif abs(differs) <= SKEW_NOTED and noted:
                self._noted.remove(whose)
                log.info("clocks agree again", clock=whose)
