"""A campaign is closed on its own blackout dates, and everybody says so."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from dispatcher.loops.book import Book
from dispatcher.loops.from_platform.lint import Lint
from dispatcher.mirror import campaigns as mirrored
from dispatcher.reports.campaign_preview import of_campaigns
from dispatcher.reports.campaigns import campaigns
from dispatcher.reports.explain import explain
from dispatcher.reports.preview import Asked
from dispatcher.reports.sources import Sources
from dispatcher.rules.plan import make_plan

from .conftest import NOW, Mirror

TUESDAY_NINE = "2026-05-05T13:00:00Z"


@pytest.fixture
def dark(mirror: Mirror, configured: Callable[..., Sources]) -> Sources:
    """Sources with one campaign that is dark today, a Monday in New York, and on Wednesday, and one that is not."""
    mirror.campaign("camp-2", name="Other")
    mirror.order("order-1")
    mirror.order("order-2", "camp-2")
    return configured(schedule={"blackout_dates": {"camp-1": ["2026-05-04", "2026-05-06"], "gone": ["2026-05-04"]}})


async def test_explain_names_the_day_and_when_it_opens_next(dark: Sources) -> None:
    found = await explain(dark, "camp-1", None, NOW, NOW)
    assert (found["open"], found["next_open"]) == (False, TUESDAY_NINE)
    assert [reason["code"] for reason in found["reasons"]] == ["window_closed"]
    assert found["reasons"][0]["detail"] == (
        "2026-05-04 is a blackout date of the campaign in America/New_York (schedule.blackout_dates)"
    )
    assert found["reasons"][0]["until"] == TUESDAY_NINE
    assert found["forecast"]["done_at"] > TUESDAY_NINE
    assert (await explain(dark, "camp-1", "order-1", NOW, NOW))["next_open"] == TUESDAY_NINE
    assert (await explain(dark, "camp-2", None, NOW, NOW))["dialing"]


async def test_the_campaigns_own_clock_says_which_day_it_is(mirror: Mirror, dark: Sources) -> None:
    always = {day: {"start": "00:00", "end": "24:00"} for day in ("sun", "mon", "tue", "wed", "thu")}
    mirror.campaign(schedule=always)
    for at, is_open in (
        (datetime(2026, 5, 4, 3, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 5, 4, 4, tzinfo=UTC), False),
        (datetime(2026, 5, 5, 3, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 5, 5, 4, tzinfo=UTC), True),
    ):
        assert (await explain(dark, "camp-1", None, at, NOW))["open"] is is_open


async def test_campaigns_and_preview_agree(dark: Sources) -> None:
    listed = {one["uuid"]: one for one in (await campaigns(dark, NOW))["campaigns"]}
    assert (listed["camp-1"]["open"], listed["camp-1"]["next_open"]) == (False, TUESDAY_NINE)
    assert listed["camp-2"]["open"]
    asked = Asked(NOW, NOW + timedelta(days=3), NOW)
    [shown] = await dark.database.read(of_campaigns, dark.settings, ["camp-1"], asked)
    assert shown.document["blackout_dates"] == ["2026-05-04", "2026-05-06"]
    assert shown.document["windows"] == [
        {"opens_at": TUESDAY_NINE, "closes_at": "2026-05-05T21:00:00Z"},
        {"opens_at": "2026-05-07T13:00:00Z", "closes_at": "2026-05-07T14:00:00Z"},
    ]
    assert [bool(day.open) for day in shown.days] == [False, True, False]


async def test_a_campaign_that_is_not_there_is_warned_of_once(dark: Sources) -> None:
    found, phones = dark.database.run(mirrored.load)
    book = Book(timedelta(hours=1))
    book.replace([make_plan(one, phones) for one in found.values()], NOW)
    clock = SimpleNamespace(now=lambda: NOW)
    context: Any = SimpleNamespace(settings=dark.settings, database=dark.database, clock=clock, book=book)
    lint = Lint(context)
    warned = []
    for _ in range(2):
        with capture_logs() as logs:
            await lint.review()
        warned.append([(one["log_level"], one["campaign"]) for one in logs if one["log_level"] == "warning"])
    assert warned == [[("warning", "gone")], []]
