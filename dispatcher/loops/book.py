"""What the daemon knows at this moment without asking: plans, what is open, what stands against all of it.

The cost of a turn is that of the campaigns that change, not of all that exist: the next change of each lies in a heap.
Everything here can be made again from SQL.
"""

import heapq
from collections.abc import Iterable
from datetime import datetime, timedelta

from dispatcher.model.brakes import Brakes
from dispatcher.model.reasons import Code, Reason
from dispatcher.rules import conditions
from dispatcher.rules.eligibility import campaign_reasons
from dispatcher.rules.plan import Plan
from dispatcher.rules.windows import is_open, next_change


class Book:
    """Plans by campaign, with the instants at which each opens or closes next."""

    def __init__(self, max_staleness: timedelta) -> None:
        self.plans: dict[str, Plan] = {}
        self.open: set[str] = set()
        self.brakes = Brakes()
        self.synced_at: datetime | None = None
        self.orders_synced_at: dict[str, datetime] = {}
        self.skews: dict[str, timedelta] = {}
        # What keeps the whole hopper from being used: nothing is queued before Redis has told its name and time.
        self.hopper: Reason | None = Reason(Code.HOPPER_RECOVERING, "Redis has not answered yet")
        self.max_staleness = max_staleness
        self._changes: list[tuple[datetime, str, int]] = []
        self._generation = 0
        self._judged_at: datetime | None = None
        self._empty_until: dict[str, datetime] = {}
        self._stirs = 0
        self._stirred_all = 0
        self._stirred: dict[str, int] = {}

    def replace(self, plans: Iterable[Plan], at: datetime) -> None:
        """Take new plans in place of all old ones."""
        self.plans = {plan.campaign.uuid: plan for plan in plans}
        self._stirred = {uuid: stirs for uuid, stirs in self._stirred.items() if uuid in self.plans}
        self._empty_until = {uuid: until for uuid, until in self._empty_until.items() if uuid in self.plans}
        self.orders_synced_at = {uuid: when for uuid, when in self.orders_synced_at.items() if uuid in self.plans}
        self.recompute(at)

    def recompute(self, at: datetime) -> None:
        """Judge every plan anew as of `at`: after new plans, and after a jump of the clock."""
        self._generation += 1
        self._changes = []
        self.open = set()
        for uuid, plan in self.plans.items():
            if plan.standing or plan.week is None or plan.zone is None:
                continue
            if is_open(plan.week, plan.zone, at):
                self.open.add(uuid)
            change = next_change(plan.week, plan.zone, at)
            if change is not None:
                self._changes.append((change, uuid, self._generation))
        heapq.heapify(self._changes)
        self._judged_at = at

    def advance(self, at: datetime) -> list[str]:
        """Note what has opened or closed up to `at`, and return those campaigns.

        A clock that went backwards is not replayed: everything is judged anew.
        """
        if self._judged_at is not None and at < self._judged_at:
            before = set(self.open)
            self.recompute(at)
            return sorted(before ^ self.open)
        self._judged_at = at
        changed = []
        while self._changes and self._changes[0][0] <= at:
            _, uuid, generation = heapq.heappop(self._changes)
            plan = self.plans[uuid]
            if plan.week is None or plan.zone is None:
                continue
            if is_open(plan.week, plan.zone, at) != (uuid in self.open):
                self.open ^= {uuid}
                changed.append(uuid)
            change = next_change(plan.week, plan.zone, at)
            if change is not None:
                heapq.heappush(self._changes, (change, uuid, generation))
        return changed

    def next_change(self) -> datetime | None:
        """Return when the next campaign opens or closes."""
        return self._changes[0][0] if self._changes else None

    def conditions(self, at: datetime) -> list[Reason]:
        """Return what keeps everything from being queued at `at`."""
        found = (
            self.hopper,
            conditions.stale(self.synced_at, at, self.max_staleness),
            conditions.skewed(self.skews),
        )
        return [reason for reason in found if reason is not None]

    def reasons(self, plan: Plan, at: datetime) -> list[Reason]:
        """Return what stands against dialling a campaign at `at`, apart from the conditions of the whole daemon."""
        found = campaign_reasons(plan, at, self.brakes)
        if not found:
            stale = conditions.orders_stale(self.orders_synced_at.get(plan.campaign.uuid), at, self.max_staleness)
            found += [stale] if stale else []
        return found

    def dialing(self, at: datetime) -> list[Plan]:
        """Return the plans that may be dialled at `at` and may have orders that are due."""
        return [
            self.plans[uuid]
            for uuid in sorted(self.open)
            if not self._is_empty(uuid, at) and not self.reasons(self.plans[uuid], at)
        ]

    def mark(self, campaign: str) -> int:
        """Return a mark of now, for `empty` to tell whether something has stirred the campaign since."""
        return max(self._stirred_all, self._stirred.get(campaign, 0))

    def empty(self, campaign: str, until: datetime, mark: int) -> None:
        """Note that no order of a campaign is due before `until`, unless it was stirred after the mark was made."""
        if mark == self.mark(campaign):
            self._empty_until[campaign] = until

    def stir(self, *campaigns: str) -> None:
        """Note that campaigns may have orders to call again; without a name, all of them."""
        self._stirs += 1
        if not campaigns:
            self._empty_until = {}
            self._stirred_all = self._stirs
        for campaign in campaigns:
            self._empty_until.pop(campaign, None)
            self._stirred[campaign] = self._stirs

    def next_stir(self, at: datetime) -> datetime | None:
        """Return when the first open campaign that ran dry has an order due again, after `at`."""
        return min(
            (until for uuid, until in self._empty_until.items() if until > at and uuid in self.open), default=None
        )

    def _is_empty(self, campaign: str, at: datetime) -> bool:
        until = self._empty_until.get(campaign)
        return until is not None and at < until
