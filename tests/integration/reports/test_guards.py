"""How long before closing the last call begins, by the settings or by the campaign's own calls: daemon and reports."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from dispatcher.loops.book import Book
from dispatcher.loops.upkeep.last_calls import LastCalls
from dispatcher.mirror import campaigns as mirrored
from dispatcher.mirror.call_lengths import EACH, call_lengths
from dispatcher.model.attempt import State
from dispatcher.reports.campaign_preview import of_campaigns
from dispatcher.reports.campaigns import campaigns
from dispatcher.reports.explain import explain
from dispatcher.reports.guards import Guards
from dispatcher.reports.preview import Asked
from dispatcher.reports.sources import Sources
from dispatcher.rules.last_call import ASSUMED, Guard
from dispatcher.rules.plan import make_plan

from .conftest import NOW, Mirror

CLOSES = NOW.replace(hour=21)
MINUTE = timedelta(minutes=1)
P95 = {"last_call_before_close": "p95"}
NINETEEN = Guard(19 * MINUTE, "schedule.last_call_before_close: 95 % of its last 20 calls took no longer")
FEW = Guard(ASSUMED, "schedule.last_call_before_close: assumed until 20 of its calls have ended")


def calls(mirror: Mirror, minutes: Iterable[int], campaign: str = "camp-1", **more: Any) -> None:
    """Let calls of so many minutes have been made, the later ones further back."""
    for place, length in enumerate(minutes):
        begun = NOW - timedelta(days=1) - place * MINUTE
        facts: dict[str, Any] = {
            "campaign": campaign,
            "state": State.FINISHED,
            "begun_at": begun,
            "begun_by": "worker",
            "ended_at": begun + length * MINUTE,
            "outcome": "completed",
        }
        job = f"{campaign}-{place}-{len(more)}-{more.get('begun_by', '')}"
        mirror.attempt(job, f"order-{job}", at=begun, **(facts | more))


@pytest.fixture
def told(mirror: Mirror, configured: Callable[..., Sources]) -> Sources:
    """Sources whose one campaign has twenty calls, of one to twenty minutes, to tell its guard by."""
    calls(mirror, range(1, 21))
    return configured(schedule=P95)


def test_only_calls_whose_beginning_is_known_tell_how_long_calls_are(mirror: Mirror, sources: Sources) -> None:
    calls(mirror, [1, 2])
    calls(mirror, [3], begun_by="observed")
    calls(mirror, [4], begun_by="assumed")
    calls(mirror, [5], state=State.UNCERTAIN, ended_at=None)
    calls(mirror, [6], state=State.EXPIRED, begun_at=None, begun_by=None)
    calls(mirror, [7], "camp-2")
    calls(mirror, [-1], "camp-3")
    found = sources.database.run(call_lengths, ["camp-1", "camp-3", "camp-4"])
    assert {uuid: sorted(lengths) for uuid, lengths in found.items()} == {
        "camp-1": [MINUTE, 2 * MINUTE, 3 * MINUTE],
        "camp-3": [timedelta(0)],
        "camp-4": [],
    }


def test_only_the_newest_calls_are_looked_at(mirror: Mirror, sources: Sources) -> None:
    calls(mirror, [1] * EACH + [60] * 5)
    assert sources.database.run(call_lengths, ["camp-1"]) == {"camp-1": [MINUTE] * EACH}


async def test_explain_tells_the_campaigns_own_guard(told: Sources) -> None:
    before = await explain(told, "camp-1", None, CLOSES - 19 * MINUTE - timedelta(seconds=1), NOW)
    assert before["last_call"] == {"before_close_s": 19 * 60, "by": NINETEEN.by}
    assert "window_closed" not in {reason["code"] for reason in before["reasons"]}
    within = await explain(told, "camp-1", None, CLOSES - 19 * MINUTE, NOW)
    assert within["reasons"][0]["code"] == "window_closed"
    assert f"in the last 1140 s before it closes ({NINETEEN.by})" in within["reasons"][0]["detail"]


async def test_until_enough_calls_have_ended_a_length_is_assumed(
    mirror: Mirror, configured: Callable[..., Sources]
) -> None:
    calls(mirror, [60] * 19)
    found = await explain(configured(schedule=P95), "camp-1", None, NOW, NOW)
    assert found["last_call"] == {"before_close_s": ASSUMED.total_seconds(), "by": FEW.by}


async def test_each_campaign_is_judged_by_its_own_calls(mirror: Mirror, told: Sources) -> None:
    at = CLOSES - 10 * MINUTE
    mirror.campaign("camp-2", name="Other", read_at=at)
    mirror.campaign("camp-1", read_at=at)
    mirror.order("order-1")
    mirror.order("order-2", "camp-2")
    mirror.synced(at)
    listed = {one["uuid"]: one for one in (await campaigns(told, at))["campaigns"]}
    assert [reason["code"] for reason in listed["camp-1"]["reasons"]] == ["window_closed"]
    assert listed["camp-2"]["dialing"]


async def test_preview_and_forecast_keep_to_the_guard(
    mirror: Mirror, told: Sources, configured: Callable[..., Sources]
) -> None:
    mirror.order("order-1")
    asked = Asked(NOW, NOW + timedelta(days=7), CLOSES - 2 * MINUTE)
    [shown] = await told.database.read(of_campaigns, told.settings, None, asked)
    assert shown.document["last_call"] == {"before_close_s": 19 * 60, "by": NINETEEN.by}
    assert shown.document["forecast"]["done_at"] > "2026-05-05"
    plain = configured()
    [shown] = await plain.database.read(of_campaigns, plain.settings, None, asked)
    assert shown.document["forecast"]["done_at"] < "2026-05-05"


def test_what_was_read_lately_is_not_read_again(mirror: Mirror, told: Sources) -> None:
    guards = Guards()

    def read(minutes: float) -> Any:
        return told.database.run(guards.read, ["camp-1", "camp-2"], told.settings, NOW + minutes * MINUTE)

    assert read(0) == {"camp-1": NINETEEN, "camp-2": FEW}
    calls(mirror, [1] * 80, begun_by="observed")
    assert read(4.9) == {"camp-1": NINETEEN, "camp-2": FEW}
    assert read(5)["camp-1"].length == 15 * MINUTE


async def test_the_daemon_keeps_the_guards_of_what_is_open_or_opens_soon(mirror: Mirror, told: Sources) -> None:
    mirror.campaign("soon", schedule={"mon": {"start": "10:02", "end": "17:00"}})
    mirror.campaign("later", schedule={"mon": {"start": "10:03", "end": "17:00"}})
    found, phones = told.database.run(mirrored.load)
    book = Book(MINUTE)
    book.guard = FEW
    book.replace([make_plan(one, phones) for one in found.values()], NOW)
    clock = SimpleNamespace(now=lambda: NOW)
    context: Any = SimpleNamespace(settings=told.settings, database=told.database, clock=clock, book=book)
    assert await LastCalls(context).run_once() == 60
    assert book.guards == {"camp-1": NINETEEN, "soon": FEW}
    assert [book.guard_of(uuid) for uuid in ("camp-1", "soon", "later")] == [NINETEEN, FEW, FEW]


async def test_the_daemon_asks_nothing_where_the_time_is_set(sources: Sources) -> None:
    book = Book(MINUTE)
    context: Any = SimpleNamespace(settings=sources.settings, database=None, clock=None, book=book)
    assert await LastCalls(context).run_once() == 60
    assert book.guards == {}
