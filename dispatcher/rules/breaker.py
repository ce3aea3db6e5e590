"""When a phone or an assistant is given a rest because its calls fail, and when it is tried again: a circuit breaker.

    counting ── so many of its last calls have failed ──▶ paused ── its time is over ──▶ probing: one call at a time
        ▲                                                    ▲                                │  │
        └──────────────────────── the call did not fail ─────┼────────────────────────────────┘  │
                                                             └── it failed: twice as long ───────┘

Instants are UTC and passed in. A call counts by when it ended; when it was made tells what it is a sign of: one that
was made before a pause says nothing about the time after it.
"""

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dispatcher.model.reasons import Code, Reason

_MOST_DOUBLINGS = 5
"""The longest pause is this many times twice the first: half an hour, where the first is a minute."""


class Scope(StrEnum):
    """What has a breaker."""

    PHONE = "phone"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Policy:
    """Pause for `probe_after` when `share` of at least `least` calls that ended `within` so long have failed."""

    share: float
    least: int
    within: timedelta
    probe_after: timedelta


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause `since` then, in which no call is placed before `until`; `times` counts the pauses without a good call.

    `failed` of `calls` had failed when the first of them began. `times` is 0 for a pause that a call has ended, at
    `since`.
    """

    since: datetime
    until: datetime
    times: int
    failed: int
    calls: int

    def reason(self, scope: Scope, target: str, at: datetime) -> Reason | None:
        """Return the reason not to place any call at `at`; None if the pause is over, be it that one call may try."""
        if self.times == 0 or at >= self.until:
            return None
        return Reason(_CODES[scope], f"{self.sentence(scope, target)}: it rests until it is tried again", self.until)

    def trial(self, scope: Scope, target: str) -> Reason | None:
        """Return the reason not to place another call while one tries; None if the pause is over for good."""
        detail = f"{self.sentence(scope, target)}: it is tried with one call at a time"
        return Reason(_CODES[scope], detail) if self.times else None

    def sentence(self, scope: Scope, target: str) -> str:
        """Return for a person what is the matter."""
        again = f", and {self.times - 1} more since" if self.times > 1 else ""
        return f"{self.failed} of {self.calls} calls of {scope} {target} had failed{again}"

    def set_right(self, at: datetime) -> "Pause":
        """Return the pause by a clock that may have been set back since: it lasts no longer for that."""
        return replace(self, since=at, until=at + (self.until - self.since)) if at < self.since else self


_CODES = {Scope.PHONE: Code.PHONE_FAILING, Scope.ASSISTANT: Code.ASSISTANT_FAILING}


class Breaker:
    """What is remembered of one phone's or one assistant's calls."""

    def __init__(self, pause: Pause | None = None) -> None:
        self.pause = pause
        self._ended: deque[tuple[datetime, bool]] = deque()
        self._failed = 0

    @property
    def resting(self) -> bool:
        """Whether it is paused or being tried again."""
        return self.pause is not None and self.pause.times > 0

    def heard(self, policy: Policy, made_at: datetime, ended_at: datetime, *, failed: bool) -> bool:
        """Take in that a call has ended; return whether that began, prolonged or ended a pause."""
        if self.pause is not None and made_at < self.pause.since:
            return False
        if self.pause is not None and self.resting:
            self.pause = _again(self.pause, policy, ended_at) if failed else _over(self.pause, ended_at)
            return True
        self._count(policy, ended_at, failed=failed)
        calls = len(self._ended)
        if calls < policy.least or self._failed < policy.share * calls:
            return False
        self.pause = Pause(ended_at, ended_at + policy.probe_after, 1, self._failed, calls)
        self._ended.clear()
        self._failed = 0
        return True

    def _count(self, policy: Policy, ended_at: datetime, *, failed: bool) -> None:
        self._ended.append((ended_at, failed))
        self._failed += failed
        while self._ended[0][0] <= ended_at - policy.within:
            self._failed -= self._ended.popleft()[1]


def _again(pause: Pause, policy: Policy, at: datetime) -> Pause:
    wait: timedelta = policy.probe_after * 2 ** min(pause.times, _MOST_DOUBLINGS)
    return replace(pause, since=at, until=at + wait, times=pause.times + 1)


def _over(pause: Pause, at: datetime) -> Pause:
    return replace(pause, since=at, until=at, times=0)
