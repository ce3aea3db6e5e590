"""The breakers of all phones and assistants, as the loops use them: told of each outcome, asked before each call."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from dispatcher import metrics
from dispatcher.log import logger
from dispatcher.mirror import breakers as table
from dispatcher.mirror import slots
from dispatcher.mirror.database import Connection, Database
from dispatcher.mirror.slots import Ended, Taken
from dispatcher.model.outcome import Outcome
from dispatcher.model.reasons import Reason
from dispatcher.rules.breaker import Breaker, Pause, Policy, Scope
from dispatcher.rules.plan import Plan

log = logger(__name__)

_Key = tuple[Scope, str]


class Breakers:
    """Which phones and assistants are paused or tried again; SQL remembers it, for the next daemon and the reports."""

    def __init__(self) -> None:
        self._breakers: dict[_Key, Breaker] = {}
        self._resting: dict[_Key, Breaker] = {}
        self._unsaved: dict[_Key, Pause] = {}

    async def resume(self, database: Database, policy: Policy | None, made_since: datetime, at: datetime) -> None:
        """Take up what an earlier daemon left, and what its last calls have shown."""
        if policy is None:
            return await self.clear(database)
        pauses, ended = await database.read(_look, made_since, at - policy.within)
        self._breakers = {key: Breaker(pause) for key, pause in pauses.items()}
        self._resting = {key: breaker for key, breaker in self._breakers.items() if breaker.resting}
        self.heard(policy, ended)
        return await self.save(database)

    async def clear(self, database: Database) -> None:
        """Forget everything: nobody is to be paused any more."""
        self._breakers, self._resting, self._unsaved = {}, {}, {}
        await database.write(table.forget)
        self._count()

    def heard(self, policy: Policy, ended: Iterable[Ended]) -> bool:
        """Take in how calls have ended; return whether that began, prolonged or ended a pause."""
        changed = False
        for one in ended:
            failed = one.outcome == Outcome.FAILED
            for key in _keys(one.phone, one.assistant):
                breaker = self._breakers.setdefault(key, Breaker())
                if breaker.heard(policy, one.made_at, one.ended_at, failed=failed) and breaker.pause is not None:
                    self._changed(key, breaker, breaker.pause)
                    changed = True
        return changed

    def _changed(self, key: _Key, breaker: Breaker, pause: Pause) -> None:
        self._unsaved[key] = pause
        scope, target = key
        if breaker.resting:
            self._resting[key] = breaker
            metrics.BREAKER_PAUSES.labels(scope.value).inc()
            log.warning("calls fail", scope=scope.value, target=target, why=pause.sentence(scope, target))
        else:
            del self._resting[key]
            log.info("calls succeed again", scope=scope.value, target=target)

    async def save(self, database: Database) -> None:
        """Write down what has changed. TransientError if SQL fails; then it is written the next time."""
        if self._unsaved:
            saved = dict(self._unsaved)
            await database.write(table.put, saved)
            # What has changed meanwhile is still to be written.
            self._unsaved = {key: pause for key, pause in self._unsaved.items() if saved.get(key) is not pause}
            self._count()

    def _count(self) -> None:
        resting = Counter(scope for scope, _ in self._resting)
        for scope in Scope:
            metrics.RESTING.labels(scope.value).set(resting[scope])

    def reasons(self, plan: Plan, at: datetime) -> list[Reason]:
        """Return the pauses that stand against a campaign at `at`."""
        found = [
            breaker.pause.set_right(at).reason(*key, at)
            for key in (_keys(plan.campaign.phone, plan.campaign.assistant) if self._resting else ())
            if (breaker := self._resting.get(key)) is not None and breaker.pause is not None
        ]
        return [reason for reason in found if reason is not None]

    def probes(
        self, taken: Sequence[Taken], assistant_of: Callable[[str], str | None], at: datetime
    ) -> dict[_Key, int]:
        """Return, for each phone and assistant that is being tried again, how many calls it may place: one or none.

        `assistant_of` tells the assistant of a campaign.
        """
        for breaker in self._resting.values():
            if breaker.pause is not None:
                breaker.pause = breaker.pause.set_right(at)
        found = dict.fromkeys(self._resting, 1)
        for one in taken if found else ():
            for key in _keys(one.phone, assistant_of(one.campaign)):
                pause = self._resting[key].pause if key in found else None
                if pause is not None and one.created_at >= pause.since:
                    found[key] = 0
        return found


def _keys(phone: str | None, assistant: str | None) -> list[_Key]:
    named = ((Scope.PHONE, phone), (Scope.ASSISTANT, assistant))
    return [(scope, target) for scope, target in named if target is not None]


def _look(connection: Connection, made_since: datetime, since: datetime) -> tuple[dict[_Key, Pause], list[Ended]]:
    return table.load(connection), slots.ended(connection, made_since, since)
