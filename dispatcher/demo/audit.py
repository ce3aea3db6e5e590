"""Holding the telephone company's log against the mirror and the platform, to find a broken promise.

It shares no rule with the dispatcher: it reads the platform's own documents with a clock on the wall.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.demo.phone_log import Begun
from dispatcher.mirror.attempts import Attempt
from dispatcher.model.attempt import HOLDING, State

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found: each a list of sentences."""

    duplicates: list[str]
    lost: list[str]
    outside_hours: list[str]

    @property
    def clean(self) -> bool:
        """Tell whether every promise was kept."""
        return not (self.duplicates or self.lost or self.outside_hours)


def audit(begun: Sequence[Begun], attempts: Sequence[Attempt], campaigns: Mapping[str, Mapping[str, Any]]) -> Audit:
    """Compare every call that was begun with every attempt, after all of them have ended."""
    by_job = {attempt.job: attempt for attempt in attempts}
    jobs = Counter(call.job for call in begun)
    duplicates = [f"job {job} was begun {times} times" for job, times in jobs.items() if times > 1]
    duplicates += _overlapping(begun, by_job)
    lost = [
        f"job {attempt.job} of order {attempt.order} is still {attempt.state}"
        for attempt in attempts
        if attempt.state in HOLDING
    ]
    lost += [f"job {job} was begun, and its outcome is nowhere" for job in jobs if not _finished(by_job.get(job))]
    lost += [
        f"job {attempt.job} is finished as {attempt.outcome}, and nobody began it"
        for attempt in attempts
        if attempt.state is State.FINISHED and attempt.job not in jobs
    ]
    return Audit(duplicates, lost, [_late(call) for call in begun if not _in_hours(call, campaigns[call.campaign])])


def _overlapping(begun: Sequence[Begun], by_job: Mapping[str, Attempt]) -> list[str]:
    """Return the calls to an order or a number that were begun before the last one to it had ended."""
    found = []
    last: dict[str, Begun] = {}
    for call in begun:
        for whom in {call.order, call.number}:
            before = last.get(whom)
            ended = by_job[before.job].ended_at if before and before.job in by_job else None
            if before and before.job != call.job and (ended is None or ended > call.at):
                found.append(f"{whom} was called by job {call.job} while job {before.job} was under way")
            last[whom] = call
    return found


def _finished(attempt: Attempt | None) -> bool:
    return attempt is not None and attempt.state is State.FINISHED


def _in_hours(call: Begun, campaign: Mapping[str, Any]) -> bool:
    wall = call.at.astimezone(ZoneInfo(campaign["timezone"]))
    minute = f"{wall:%H:%M}"
    today, yesterday = _windows(campaign, wall.weekday()), _windows(campaign, (wall.weekday() - 1) % 7)
    return any(
        window["start"] <= minute and (minute < window["end"] or window["end"] < window["start"]) for window in today
    ) or any(window["end"] < window["start"] and minute < window["end"] for window in yesterday)


def _windows(campaign: Mapping[str, Any], weekday: int) -> list[Mapping[str, str]]:
    found = campaign["schedule"].get(_DAYS[weekday], [])
    return found if isinstance(found, list) else [found]


def _late(call: Begun) -> str:
    return f"job {call.job} of campaign {call.campaign} was begun at {call.at.isoformat()}, outside its schedule"
