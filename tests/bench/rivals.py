"""The two ways to do it without an index: asking every campaign's wall clock, and one APScheduler job per campaign."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from dispatcher.rules.schedule import DAYS

from .fleet import Fleet, Schedule


def naive(fleet: Fleet) -> int:
    """Ask each campaign's wall clock whether it is open, as most would write it, and return how many were asked."""
    open_now = set()
    for uuid, schedule, place in zip(fleet.uuids, fleet.schedules, fleet.zones, strict=True):
        now = datetime.now(ZoneInfo(place.key))
        time = now.strftime("%H:%M")
        if any(window["start"] <= time < window["end"] for window in schedule.get(DAYS[now.weekday()], ())):
            open_now.add(uuid)
    return len(fleet.uuids)


class Still(BaseScheduler):  # type: ignore[misc]  # it ships no types
    """An APScheduler whose turns are had by hand."""

    def wakeup(self) -> None:
        """Be asked for a turn, which is had by hand."""

    def shutdown(self, wait: bool = True) -> None:
        """Stop."""
        super().shutdown(wait)


class Jobs:
    """One APScheduler job per campaign, which runs when it opens or closes."""

    def __init__(self, fleet: Fleet) -> None:
        self.scheduler = Still(timezone=UTC)
        self.scheduler.start()
        for uuid, schedule, place in zip(fleet.uuids, fleet.schedules, fleet.zones, strict=True):
            self.scheduler.add_job(_nothing, OrTrigger(list(_edges(schedule, place))), id=uuid)
        self.jobs: list[Any] = self.scheduler.get_jobs()

    def tick(self) -> None:
        """Have a turn in which nothing is due."""
        self.scheduler._process_jobs()

    def change(self, job: Any) -> None:
        """Do what a turn does for a job that is due, apart from running it: find its next time, and file it anew."""
        due = job.next_run_time
        job._modify(next_run_time=job.trigger.get_next_fire_time(due, due))
        self.scheduler._lookup_jobstore("default").update_job(job)


def _edges(schedule: Schedule, place: ZoneInfo) -> Iterator[CronTrigger]:
    for window in next(iter(schedule.values())):
        for hour, _, minute in (window["start"].partition(":"), window["end"].partition(":")):
            yield CronTrigger(day_of_week=",".join(schedule), hour=int(hour), minute=int(minute), timezone=place)


def _nothing() -> None:
    """Be run, which nobody waits for here."""
