from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from dispatcher import metrics
from dispatcher.loops.book import Book
from dispatcher.loops.from_platform.lint import Lint
from dispatcher.mirror import campaigns as mirrored
from dispatcher.mirror import sample
from dispatcher.reports.campaigns import campaigns
from dispatcher.reports.explain import explain
from dispatcher.reports.sources import Sources
from dispatcher.rules.plan import make_plan

from .conftest import NOW, Mirror

EARLY = {day: {"start": "04:00", "end": "06:00"} for day in ("mon", "tue")}


def test_a_sample_has_some_numbers_of_each_campaign(
    mirror: Mirror, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "EACH", 2)
    for number in range(3):
        mirror.order(f"order-{number}", e164=f"+1212555010{number}")
        mirror.order(f"other-{number}", "camp-2", e164=f"+1212555020{number}")
    mirror.order("closed", "camp-3", e164="+12125550300", dialable=False)

    found = sources.database.run(sample.numbers, ["camp-1", "camp-2", "camp-3"])

    assert found == {"camp-1": ["+12125550100", "+12125550101"], "camp-2": ["+12125550200", "+12125550201"]}


def test_nothing_asked_for_is_nothing_read(mirror: Mirror, sources: Sources) -> None:
    assert sources.database.run(sample.numbers, []) == {}


async def test_samples_are_kept_for_a_while(mirror: Mirror, sources: Sources) -> None:
    def sampled(minutes: int) -> dict[str, tuple[str, ...]]:
        at = NOW + timedelta(minutes=minutes)
        found = sources.database.run(sources.samples.read, ["camp-1", "camp-2"], sources.settings, at)
        return {uuid: one.numbers for uuid, one in found.items()}

    mirror.order("order-1", e164="+12125550101")
    assert sampled(0) == {"camp-1": ("+12125550101",)}
    mirror.order("order-0", e164="+12125550100")
    mirror.order("other-0", "camp-2", e164="+12125550200")
    assert sampled(9) == {"camp-1": ("+12125550101",), "camp-2": ("+12125550200",)}
    assert sampled(10) == {"camp-1": ("+12125550100", "+12125550101"), "camp-2": ("+12125550200",)}


async def test_a_window_in_the_night_of_its_people_is_noted_wherever_one_looks(
    mirror: Mirror, sources: Sources
) -> None:
    mirror.campaign(schedule=EARLY)
    mirror.order("order-1")

    [listed] = (await campaigns(sources, NOW))["campaigns"]
    explained = await explain(sources, "camp-1", None, NOW, NOW)

    assert [note["code"] for note in listed["notes"]] == ["window_outside_lawful_hours"]
    assert listed["notes"] == explained["notes"]


async def test_without_calling_rules_no_hour_is_unlawful(mirror: Mirror, configured: Any) -> None:
    mirror.campaign(schedule=EARLY)
    mirror.order("order-1")

    [listed] = (await campaigns(configured(calling_rules={"enabled": False}), NOW))["campaigns"]

    assert listed["notes"] == []


async def test_a_note_is_logged_when_it_comes_and_when_it_goes(mirror: Mirror, sources: Sources) -> None:
    now = SimpleNamespace(now=lambda: NOW)
    book = Book(timedelta(hours=1))
    context: Any = SimpleNamespace(settings=sources.settings, database=sources.database, clock=now, book=book)
    lint = Lint(context)

    async def passes() -> list[tuple[str, str, str]]:
        found, phones = sources.database.run(mirrored.load)
        book.replace([make_plan(one, phones) for one in found.values()], NOW)
        book.orders_synced_at = sources.database.run(mirrored.orders_synced_at)
        with capture_logs() as logs:
            await lint.review()
        return [(entry["event"], entry["campaign"], entry["code"]) for entry in logs]

    def counted() -> float | None:
        return metrics.REGISTRY.get_sample_value("dispatcher_campaign_notes", {"code": "no_assistant"})

    mirror.campaign(assistant=None)
    mirror.campaign("camp-2", assistant=None)
    assert sorted(await passes()) == [
        ("campaign noted", "camp-1", "no_assistant"),
        ("campaign noted", "camp-2", "no_assistant"),
    ]
    assert counted() == 2
    assert await passes() == []
    mirror.campaign(schedule=EARLY)
    mirror.order("order-1")
    assert await passes() == [
        ("campaign noted", "camp-1", "window_outside_lawful_hours"),
        ("campaign no longer noted", "camp-1", "no_assistant"),
    ]
    assert counted() == 1
