from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.hopper import keys
from dispatcher.hopper.connection import writer
from dispatcher.hopper.watch import Watch
from dispatcher.mirror import brakes, breakers
from dispatcher.mirror.database import Database
from dispatcher.model.attempt import State
from dispatcher.model.brakes import Scope
from dispatcher.reports.queues import queues
from dispatcher.reports.sources import Sources
from dispatcher.reports.status import status
from dispatcher.rules import breaker
from dispatcher.rules.breaker import Pause
from dispatcher.settings import Settings
from tests.servers import Redis

from .conftest import NOW, Mirror

PREFIX = "dispatcher"


@pytest.fixture
async def watched(mirror: Mirror, redis_url: str) -> AsyncIterator[Sources]:
    """Sources on a Redis where phone-1 has one claimed call and two that wait."""
    client = writer(redis_url)
    for phone, calls, claimed in (("phone-1", 3, 1), ("phone-gone", 1, 0)):
        stream = keys.calls(PREFIX, phone)
        await client.sadd(keys.phones(PREFIX), phone)
        await client.xgroup_create(stream, keys.GROUP, "0", mkstream=True)
        for number in range(calls):
            await client.xadd(stream, {"job": f"job-{number}"}, id=f"{int(NOW.timestamp()) - 10 + number}000-0")
        if claimed:
            await client.xreadgroup(keys.GROUP, "worker-1", {stream: ">"}, count=claimed)
    yield Sources(Settings(), mirror.database, Watch(client, PREFIX))
    await client.aclose()


@pytest.fixture
async def deaf(mirror: Mirror, own_redis: Redis) -> AsyncIterator[Sources]:
    """Sources on a Redis that has died."""
    client = writer(own_redis.url)
    own_redis.kill()
    yield Sources(Settings(), mirror.database, Watch(client, PREFIX))
    await client.aclose()


async def test_each_phone_tells_how_deep_its_queue_is(mirror: Mirror, watched: Sources) -> None:
    mirror.phone("phone-2", name="Back office", number="+12125550199")
    mirror.order("order-1")
    mirror.attempt("job-0", "order-1", state=State.DIALING)
    mirror.database.run_write(brakes.place, Scope.PHONE, "phone-2", "flagged", NOW)
    found = {one["phone"]: one for one in (await queues(watched, NOW))["phones"]}
    assert list(found) == ["phone-2", "phone-1", "phone-gone"]
    assert found["phone-1"] == {
        "phone": "phone-1",
        "number": "+12125550100",
        "name": "Front desk",
        "status": "active",
        "ready": 2,
        "in_flight": 1,
        "oldest_ready_s": 9.0,
        "concurrency": 10,
        "live": 1,
        "paused": None,
        "calls_24h": None,
        "calls_per_day": None,
        "failing": None,
        "withheld": None,
        "campaigns": [{"campaign": "camp-1", "name": "Spring", "weight": 1, "share": 1.0}],
    }
    assert (
        found["phone-2"] | {"ready": 0, "in_flight": 0, "oldest_ready_s": None, "paused": "flagged"} == found["phone-2"]
    )
    assert (found["phone-gone"]["number"], found["phone-gone"]["status"]) == (None, "removed")


async def test_a_phone_tells_who_shares_it_what_is_left_of_its_day_and_that_its_calls_fail(
    mirror: Mirror, configured: Callable[..., Sources]
) -> None:
    mirror.campaign("camp-2", name="Autumn")
    mirror.campaign("camp-3", name="Closed", status="paused")
    mirror.order("order-1")
    for place, hours in enumerate((23, 25)):
        mirror.attempt(f"job-{place}", "order-1", state=State.FINISHED, begun_at=NOW - timedelta(hours=hours))
    pause = Pause(NOW, NOW + timedelta(minutes=1), 1, 6, 10)
    mirror.database.run_write(
        breakers.put, {(breaker.Scope.PHONE, "phone-1"): pause, (breaker.Scope.ASSISTANT, "ava"): pause}
    )
    sources = configured(limits={"weights": {"camp-1": 3}, "phone_calls_per_day": 100})
    [found] = (await queues(sources, NOW))["phones"]
    assert [(one["campaign"], one["weight"], one["share"]) for one in found["campaigns"]] == [
        ("camp-2", 1, 0.25),
        ("camp-1", 3, 0.75),
    ]
    assert (found["calls_24h"], found["calls_per_day"]) == (1, 100)
    assert found["failing"]["until"] == "2026-05-04T14:01:00Z"
    assert [one["scope"] for one in (await status(sources, NOW))["failing"]] == ["assistant", "phone"]
    tried = (await queues(sources, NOW + timedelta(minutes=2)))["phones"][0]["failing"]
    assert (tried["until"], "one call at a time" in tried["detail"]) == (None, True)
    mirror.database.run_write(breakers.put, {(breaker.Scope.PHONE, "phone-1"): replace(pause, times=0)})
    assert (await queues(sources, NOW))["phones"][0]["failing"] is None


async def test_a_clock_of_redis_that_is_ahead_makes_no_negative_age(watched: Sources) -> None:
    found = (await queues(watched, NOW - timedelta(minutes=1)))["phones"]
    assert {one["oldest_ready_s"] for one in found} == {0.0}


async def test_queues_of_a_redis_that_is_down_are_unknown_and_not_empty(deaf: Sources) -> None:
    found = await queues(deaf, NOW)
    phone = found["phones"][0]
    assert (phone["number"], phone["ready"], phone["in_flight"]) == ("+12125550100", None, None)
    assert "Redis does not answer" in found["problems"][0]


async def test_a_system_that_is_well_is_healthy(mirror: Mirror, watched: Sources) -> None:
    mirror.order("order-1")
    mirror.order("order-2", e164="+12125550112")
    mirror.attempt("job-1", "order-1", state=State.FINISHED, outcome="busy")
    mirror.attempt("job-2", "order-2", state=State.UNCERTAIN, number="+12125550112")
    later = NOW + timedelta(seconds=5)
    found = await status(watched, later)
    assert found["healthy"]
    assert found["problems"] == []
    assert found["mirror"] | {"last_pass": None} == {
        "campaigns": 1,
        "phones": 1,
        "orders": 2,
        "synced_at": "2026-05-04T14:00:00Z",
        "age_s": 5.0,
        "last_pass": None,
    }
    assert found["hopper"] == {"ready": 3, "in_flight": 1}
    assert found["attempts"] == dict.fromkeys(State, 0) | {"finished": 1, "uncertain": 1}
    assert (found["outcomes"], found["uncertain"]) == ({"busy": 1}, 1)
    assert (found["daemon"]["running"], found["daemon"]["host"]) == (True, "host-1")
    assert set(found["tzdata"]) == {"version", "origin"}


@pytest.mark.parametrize(
    ("after", "sentence"),
    [(timedelta(seconds=31), "no sign of life"), (timedelta(minutes=11), "last read 660 s ago")],
)
async def test_silence_and_age_are_unhealthy(watched: Sources, after: timedelta, sentence: str) -> None:
    found = await status(watched, NOW + after)
    assert not found["healthy"]
    assert any(sentence in problem for problem in found["problems"])


async def test_a_condition_of_the_daemon_is_unhealthy(mirror: Mirror, watched: Sources) -> None:
    mirror.daemon(conditions={"clock_skew": "clocks differ"})
    found = await status(watched, NOW)
    assert (found["healthy"], found["problems"]) == (False, ["clocks differ"])


async def test_without_redis_the_rest_is_told(deaf: Sources) -> None:
    found = await status(deaf, NOW)
    assert (found["healthy"], found["hopper"], found["mirror"]["campaigns"]) == (False, None, 1)
    assert "Redis does not answer" in found["problems"][0]


async def test_without_the_database_the_rest_is_told(watched: Sources) -> None:
    unusable = Database("sqlite:////nowhere/at/all.db")
    found = await status(Sources(watched.settings, unusable, watched.watch), datetime.now(UTC))
    unusable.close()
    assert not found["healthy"]
    assert (found["mirror"], found["attempts"], found["daemon"]) == (None, None, None)
    assert found["hopper"] == {"ready": 3, "in_flight": 1}
