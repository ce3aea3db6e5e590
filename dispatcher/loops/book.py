"""What the daemon knows at this moment without asking: plans, what is open, what stands against all of it.

The cost of a turn is that of the campaigns that change or may be dialled, not of all that exist: openings lie in an
index, and campaigns that ran dry in a heap by when to look at them again. Everything here can be made again from SQL.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from dispatcher.loops.breakers import Breakers
from dispatcher.model.brakes import Brakes
from dispatcher.model.order import OrderRecord
from dispatcher.model.reasons import Code, Reason
from dispatcher.rules import conditions
from dispatcher.rules.eligibility import campaign_reasons
from dispatcher.rules.last_call import NO_GUARD, Guard
from dispatcher.rules.offsets import EPOCH
from dispatcher.rules.openings import Openings
from dispatcher.rules.plan import DaysOff, Plan, made_again


class Book:
    """Plans by campaign, with the instants at which each opens or closes next."""

    def __init__(self, max_staleness: timedelta, guard: Guard = NO_GUARD) -> None:
        self.plans: dict[str, Plan] = {}
        self.brakes = Brakes()
        self.breakers = Breakers()
        self.synced_at: datetime | None = None
        self.orders_synced_at: dict[str, datetime] = {}
        self.orders_seen_at: dict[str, datetime] = {}
        self.orders_imported_at: dict[str, datetime] = {}
        self.skews: dict[str, timedelta] = {}
        # What keeps the whole hopper from being used: nothing is queued before Redis has told its name and time.
        self.hopper: Reason | None = Reason(Code.HOPPER_RECOVERING, "Redis has not answered yet")
        # How many calls are uncertain, and how many of them because Redis had forgotten them; for readers only.
        self.held = (0, 0)
        self.max_staleness = max_staleness
        # The time before closing in which no call begins: of campaigns whose own calls tell it, and of all others.
        self.guards: Mapping[str, Guard] = {}
        self.guard = guard
        self._openings = Openings()
        self._told = EPOCH
        self._standing: Counter[Code] = Counter()
        # Open campaigns that may have orders due; the others that are open ran dry until an instant.
        self._ready: set[str] = set()
        self._empty_until: dict[str, datetime] = {}
        self._dry: list[tuple[datetime, str]] = []
        self._stirs = 0
        self._stirred_all = 0
        self._stirred: dict[str, int] = {}

    def replace(self, plans: Iterable[Plan], at: datetime) -> None:
        """Take new plans in place of all old ones."""
        self.plans = {plan.campaign.uuid: plan for plan in plans}
        self._standing = Counter(plan.standing[0].code for plan in self.plans.values() if plan.standing)
        self._stirred = {uuid: stirs for uuid, stirs in self._stirred.items() if uuid in self.plans}
        self.orders_synced_at = {uuid: when for uuid, when in self.orders_synced_at.items() if uuid in self.plans}
        self.orders_seen_at = {uuid: when for uuid, when in self.orders_seen_at.items() if uuid in self.plans}
        self._openings.replace(
            (
                (uuid, plan.week, plan.zone)
                for uuid, plan in self.plans.items()
                if not plan.standing and plan.week is not None and plan.zone is not None
            ),
            at,
        )
        self._empty_until = {uuid: until for uuid, until in self._empty_until.items() if uuid in self.open}
        self._ready = self.open - self._empty_until.keys()

    def note_imports(self, imported_at: dict[str, datetime]) -> None:
        """Note when files last brought orders for campaigns; those of whom it is new have orders to call again."""
        new = [uuid for uuid, at in imported_at.items() if self.orders_imported_at.get(uuid) != at]
        self.orders_imported_at = imported_at
        if new:
            self.stir(*new)

    def read_again(self, at: datetime, days_off: DaysOff) -> None:
        """Read the schedules and zones of all plans anew: for another tz database, or other days off."""
        self.replace([made_again(plan, days_off) for plan in self.plans.values()], at)

    @property
    def open(self) -> set[str]:
        """The campaigns whose windows are open, as of the last instant that the book was told."""
        return self._openings.open

    def advance(self, at: datetime) -> list[str]:
        """Note what has opened or closed up to `at`, and return those campaigns.

        A clock that went backwards is not replayed: everything is judged anew.
        """
        if at < self._told:
            # Instants that were noted before the step may be hours away.
            self.stir()
        self._told = at
        changed = self._openings.advance(at)
        for uuid in changed:
            self._empty_until.pop(uuid, None)
            if uuid in self.open:
                self._ready.add(uuid)
            else:
                self._ready.discard(uuid)
        return changed

    def next_change(self) -> datetime | None:
        """Return when the next campaign opens or closes."""
        return self._openings.next_change()

    def open_by(self, until: datetime) -> set[str]:
        """Return the campaigns that nothing but the hour keeps from being dialled, and it not beyond `until`."""
        return self._openings.open_by(until)

    def conditions(self, at: datetime) -> list[Reason]:
        """Return what keeps everything from being queued at `at`."""
        found = (
            self.hopper,
            conditions.stale(self.synced_at, at, self.max_staleness),
            conditions.skewed(self.skews),
        )
        return [reason for reason in found if reason is not None]

    def guard_of(self, campaign: str) -> Guard:
        """Return the time before closing in which no call of a campaign begins."""
        return self.guards.get(campaign, self.guard)

    def reasons(self, plan: Plan, at: datetime, record: OrderRecord | None = None) -> list[Reason]:
        """Return what stands against dialling a campaign at `at`, apart from the conditions of the whole daemon.

        Orders that a file brought are never too old, so that the platform's need not be read for them: a campaign that
        has any is not held up, and of one order (`record`) it is asked whose it is.
        """
        found = campaign_reasons(plan, at, self.brakes, self.guard_of(plan.campaign.uuid))
        found += self.breakers.reasons(plan, at)
        imported = plan.campaign.uuid in self.orders_imported_at if record is None else record.imported
        if not found and not imported:
            stale = conditions.orders_stale(self._orders_read_at(plan.campaign.uuid), at, self.max_staleness)
            found += [stale] if stale else []
        return found

    def census(self, at: datetime) -> Counter[Code | None]:
        """Count the campaigns by what stands first against each at `at`, None for nothing; see `reasons`.

        It judges those that are open, as of the last instant that the book was told, and those with a brake of their
        own or their phone's. All others are idle, and known by their number.
        """
        found: Counter[Code | None] = Counter(self._standing)
        idle = len(self.plans) - self._standing.total()
        if self.brakes.everything is not None:
            found[Code.PAUSED_BY_OPERATOR] += idle
            return found
        braked = {uuid for uuid in self.brakes.campaigns if uuid in self.plans}
        if self.brakes.phones:
            braked.update(uuid for uuid, plan in self.plans.items() if plan.campaign.phone in self.brakes.phones)
        judged = self.open | {uuid for uuid in braked if not self.plans[uuid].standing}
        for uuid in judged:
            reasons = self.reasons(self.plans[uuid], at)
            found[reasons[0].code if reasons else None] += 1
        found[Code.WINDOW_CLOSED] += idle - len(judged)
        return +found

    def _orders_read_at(self, campaign: str) -> datetime | None:
        """Return when orders of a campaign were last read, be it some of them or all."""
        read = [at for at in (self.orders_seen_at.get(campaign), self.orders_synced_at.get(campaign)) if at is not None]
        return max(read, default=None)

    def seen_since(self, campaign: str, at: datetime) -> datetime:
        """Return since when an order of a campaign must have been listed to be dialled at `at`."""
        return conditions.seen_since(self.orders_synced_at.get(campaign), at, self.max_staleness)

    def dialing(self, at: datetime) -> list[Plan]:
        """Return the plans that may be dialled at `at` and may have orders that are due."""
        self._wake(at)
        ready = sorted(self._ready)
        # A set stays as large as it ever was, and looking through it takes as long, until it is made anew.
        self._ready = set(ready)
        return [self.plans[uuid] for uuid in ready if not self.reasons(self.plans[uuid], at)]

    def mark(self, campaign: str) -> int:
        """Return a mark of now, for `empty` to tell whether something has stirred the campaign since."""
        return max(self._stirred_all, self._stirred.get(campaign, 0))

    def empty(self, campaign: str, until: datetime, mark: int) -> None:
        """Note that no order of a campaign is due before `until`, unless it was stirred after the mark was made."""
        if mark == self.mark(campaign) and campaign in self.open:
            self._empty_until[campaign] = until
            self._ready.discard(campaign)
            heapq.heappush(self._dry, (until, campaign))

    def stir(self, *campaigns: str) -> None:
        """Note that campaigns may have orders to call again; without a name, all of them."""
        self._stirs += 1
        if not campaigns:
            self._empty_until, self._dry = {}, []
            self._ready = set(self.open)
            self._stirred_all = self._stirs
        for campaign in campaigns:
            self._stirred[campaign] = self._stirs
            if self._empty_until.pop(campaign, None) is not None:
                self._ready.add(campaign)

    def next_stir(self, at: datetime) -> datetime | None:
        """Return when the first open campaign that ran dry has an order due again, after `at`."""
        self._wake(at)
        return self._dry[0][0] if self._dry else None

    def _wake(self, at: datetime) -> None:
        """Have campaigns looked at again whose time has come, and forget what has been overtaken."""
        while self._dry and (self._dry[0][0] <= at or self._empty_until.get(self._dry[0][1]) != self._dry[0][0]):
            until, campaign = heapq.heappop(self._dry)
            if self._empty_until.get(campaign) == until:
                del self._empty_until[campaign]
                self._ready.add(campaign)
