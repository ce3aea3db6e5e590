import asyncio
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from dispatcher.errors import TransientError
from dispatcher.mirror import attempts, brakes, dead_letters
from dispatcher.mirror.attempts import Intent
from dispatcher.mirror.database import Connection, Database
from dispatcher.model.brakes import Scope
from dispatcher.model.dead_letter import Reason
from dispatcher.web.view import MOST_ROWS, rows, span
from tests.integration.mirror.things import put_order

from .conftest import NOW, Daemon, put_campaign

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}&#60;b&#62;"


def words(page: str) -> str:
    """Return what a reader reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def leave(database: Database, *, held: int, dead: int, words: str | None = None) -> None:
    """Leave calls in doubt and dead letters, as many as asked for."""

    def left(connection: Connection) -> None:
        for place in range(held):
            job = f"{place:02x}" * 16
            put_order(connection, f"order_{place}", place, campaign="camp-1")
            one = Intent(job, f"order_{place}", "camp-1", "phone-1", f"+33{place}", 1, "b", NOW, {})
            attempts.intend(connection, [one], NOW - timedelta(hours=3) + timedelta(seconds=place))
            attempts.doubt(connection, [job], words or "the dialer fell silent", NOW - timedelta(hours=2))
        for place in range(dead):
            of_order: dict[str, Any] = {"job": "j", "order": f"order_dead_{place}", "campaign": "camp-1"}
            of_order |= {"detail": words or "no route", "at": NOW - timedelta(hours=3), "phone": "p", "words": {}}
            dead_letters.keep(connection, f"job_{place}", Reason.FAILED, **of_order)

    database.run_write(left)


async def test_the_page_tells_how_things_stand(client: httpx.AsyncClient, database: Database) -> None:
    put_campaign(database, "camp-2", name="No zone", timezone=None)
    put_campaign(database, "camp-3", name="Tomorrow", schedule={"tue": {"start": "09:00", "end": "17:00"}})
    answer = await client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    text = words(answer.text)
    assert "Healthy" in text
    assert "No zone blocked the campaign has no time zone" in text
    assert "Tomorrow closed the schedule is closed at this time in America/New_York , until Tue 09:00" in text
    assert "Mon 10:00 America/New_York" in text
    assert "Front desk +12125550100 active" in text


async def test_the_fragment_is_the_changing_part_of_the_page(client: httpx.AsyncClient) -> None:
    fragment = (await client.get("/fragment")).text
    assert "<html" not in fragment
    assert fragment.strip() in (await client.get("/")).text


@pytest.mark.parametrize("field", ["name", "timezone", "status"])
async def test_words_of_the_platform_are_only_words(client: httpx.AsyncClient, database: Database, field: str) -> None:
    put_campaign(database, "camp-<2>", **{field: HOSTILE})
    page = (await client.get("/")).text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "<img" not in page
    assert 'onerror=alert(2)>"' not in page
    assert "{{7*7}}" in page
    assert len(re.findall("<script", page)) == 1


async def test_an_operators_reason_is_only_words(client: httpx.AsyncClient, database: Database) -> None:
    database.run_write(brakes.place, Scope.PHONE, "phone-1", HOSTILE, NOW)
    database.run_write(brakes.place, Scope.ALL, None, HOSTILE, NOW)
    assert "<img" not in (await client.get("/")).text


async def test_held_calls_and_dead_letters_are_shown_and_counted(client: httpx.AsyncClient, database: Database) -> None:
    leave(database, held=12, dead=11)
    text = words((await client.get("/")).text)
    assert "Calls uncertain 12" in text
    assert "Dead letters 11" in text
    assert f"{'0b' * 16} Spring order_11 the dialer fell silent 2 h" in text
    assert "2 more: dispatcher jobs --state uncertain ." in text
    assert "11 Spring order_dead_10 the call failed, and no attempt is left no route 3 h" in text
    assert "1 more: dispatcher dead list ." in text


async def test_without_any_no_room_is_taken_for_them(client: httpx.AsyncClient) -> None:
    text = words((await client.get("/")).text)
    assert "Dead letters 0" in text
    assert "dispatcher job release" not in text
    assert "dispatcher dead" not in text


async def test_a_dialers_words_are_only_words(client: httpx.AsyncClient, database: Database) -> None:
    leave(database, held=1, dead=1, words=HOSTILE)
    page = (await client.get("/")).text
    assert "<img" not in page
    assert page.count("&lt;img") >= 2


async def test_the_page_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    links = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert [link for link in links if not link.startswith(("/", "#", "data:"))] == []
    assert " style=" not in page
    for path, kind in (("/static/page.css", "text/css"), ("/static/page.js", "text/javascript")):
        assert path in links
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)
        assert "http" not in answer.text


async def test_many_readers_at_once_cost_no_more_than_one(client: httpx.AsyncClient, daemon: Daemon) -> None:
    asked = 0
    read = daemon.sources.database.run

    def counted(*query: Any, **narrowed: Any) -> Any:
        nonlocal asked
        asked += 1
        return read(*query, **narrowed)

    daemon.sources.database.run = counted  # type: ignore[method-assign]
    answers = await asyncio.gather(*(client.get("/fragment") for _ in range(20)))
    assert len({answer.text for answer in answers}) == 1
    assert asked < 50, "each page asks five times"


async def test_without_a_script_the_page_refreshes_itself(client: httpx.AsyncClient) -> None:
    assert '<noscript><meta http-equiv="refresh"' in (await client.get("/")).text


async def test_without_the_database_the_page_says_so(client: httpx.AsyncClient, daemon: Daemon) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise TransientError("the database cannot be used")

    daemon.sources.database.run = broken  # type: ignore[method-assign]
    answer = await client.get("/")
    assert answer.status_code == 200
    assert "Needs attention" in answer.text
    assert "the database cannot be used" in answer.text


async def test_more_campaigns_than_anyone_reads_are_counted(client: httpx.AsyncClient, database: Database) -> None:
    for number in range(MOST_ROWS):
        put_campaign(database, f"more-{number}", name=f"More {number}")
    page = (await client.get("/")).text
    assert page.count("<tr>") < MOST_ROWS + 30
    assert "1 more: <code>dispatcher campaigns</code>" in page


def campaign(name: str, *codes: str) -> dict[str, Any]:
    return {
        "uuid": name,
        "name": name,
        "timezone": "Europe/Paris",
        "open": True,
        "next_open": None,
        "reasons": [{"code": code, "detail": code, "until": None} for code in codes],
        "next_change": "2026-05-20T07:00:00Z",
        "due": 1,
        "waiting": 2,
        "live": 0,
    }


def test_what_is_dialled_comes_first_then_what_somebody_must_mend() -> None:
    listed = [
        campaign("shut", "window_closed"),
        campaign("stopped", "paused_by_operator", "no_phone"),
        campaign("broken", "schedule_invalid", "window_closed"),
        campaign("full", "concurrency_full"),
        campaign("well"),
    ]
    found = rows({"problems": [], "campaigns": listed}, NOW)
    assert [(row.name, row.state) for row in found] == [
        ("full", "at its limit"),
        ("well", "dialling"),
        ("broken", "blocked"),
        ("stopped", "paused"),
        ("shut", "closed"),
    ]
    assert found[3].more == ["no_phone"]


def test_nothing_is_called_dialling_while_no_daemon_runs() -> None:
    found = rows({"problems": ["nobody runs"], "campaigns": [campaign("well")]}, NOW)
    assert found[0].state == "not running"


def test_a_far_instant_is_written_with_its_date_on_the_campaigns_own_clock() -> None:
    change = rows({"problems": [], "campaigns": [campaign("well")]}, NOW)[0].change
    assert change is not None
    assert (change.text, change.iso) == ("Wed 20 May 2026 09:00", "2026-05-20T07:00:00Z")


def test_durations_are_written_in_one_unit() -> None:
    assert [span(seconds) for seconds in (None, 0, 119.6, 120, 7300, 180000)] == [
        *("—", "0 s", "120 s", "2 min", "2 h", "2 d"),
    ]
