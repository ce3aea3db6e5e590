"""Processes, servers and the platform fail under a daemon that dials, and settings are wrong."""

import signal
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.harness import ALWAYS, Daemon, Platform, RawDialer, dialing
from tests.acceptance.seen import Make, MakeDialer, depth, states
from tests.servers import Redis
from tests.waiting import eventually


async def test_kill_9_and_restart_lose_and_double_nothing(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=120)
    daemon = make_daemon(DISPATCHER_LIMITS__PHONE_CALLS_PER_SECOND="60")
    dialers = [make_dialer(call_s=0.03) for _ in range(6)]
    async with dialing(*dialers):
        for kills in range(1, 6):
            await daemon.start()
            enough = kills * 15
            await eventually(lambda: _begun(dialers) >= enough, what=f"{enough} calls")  # noqa: B023 (awaited here)
            daemon.send(signal.SIGKILL)
            await daemon.ended()
        await daemon.start()
        await eventually(lambda: _begun(dialers) >= 120, 60, "120 calls")
        await eventually(lambda: states(daemon, finished=120), what="120 outcomes")
    called = Counter(call["callOrderUuid"] for one in dialers for call in one.begun)
    assert set(called) == set(platform.store.orders[campaign])
    assert set(called.values()) == {1}


async def test_a_redis_that_forgets_everything_doubles_nothing_and_what_is_unknown_is_held(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer, own_redis: Redis
) -> None:
    campaign = platform.campaign(orders=60)
    daemon = make_daemon(DISPATCHER_LIMITS__PHONE_CALLS_PER_SECOND="20", DISPATCHER_HOPPER__LEASE="1s")
    dialers = [make_dialer(call_s=0.1) for _ in range(4)]
    await daemon.start()
    async with dialing(*dialers):
        await eventually(lambda: _begun(dialers) >= 15, what="15 calls")
        own_redis.kill()
        own_redis.start()
        await eventually(lambda: _settled(daemon, 60), 60, "every order called or held")
    called = Counter(call["callOrderUuid"] for one in dialers for call in one.begun)
    assert set(called) <= set(platform.store.orders[campaign])
    assert set(called.values()) == {1}


async def test_redis_may_be_down_at_the_start_and_in_mid_flight(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer, own_redis: Redis
) -> None:
    platform.campaign(orders=5)
    own_redis.kill()
    daemon, dialer = make_daemon(), make_dialer()
    await daemon.start()
    await eventually(lambda: _told(daemon, "hopper", "Redis does not answer"), what="the daemon to say so")
    own_redis.start()
    async with dialing(dialer):
        await eventually(lambda: len(dialer.begun) == 5, 30, "the calls")


async def test_an_unreachable_platform_is_said_and_the_mirror_goes_stale_until_it_is_back(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    platform.campaign(orders=50)
    daemon, dialer = make_daemon(DISPATCHER_SYNC__MAX_STALENESS="2s", DISPATCHER_HOPPER__LEASE="1s"), make_dialer()
    await daemon.start()
    await eventually(dialer.documents, what="calls to begin")
    platform.store.campaigns, kept = {}, platform.store.campaigns  # an empty list is not believed either
    await platform.stop()
    await eventually(lambda: depth(dialer, 0), 10, "the hopper to run dry")
    await eventually(lambda: _told(daemon, "mirror_stale", "last read"), what="the daemon to say so")
    platform.store.campaigns = kept
    await platform.back()
    await eventually(dialer.documents, 40, what="calls again")


async def test_a_wrong_token_is_named_and_nothing_is_dialled(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    platform.campaign(orders=5)
    daemon, dialer = make_daemon(DISPATCHER_API__TOKEN="not-the-token-at-all"), make_dialer()
    await daemon.start()
    await eventually(lambda: _told(daemon, "platform", "api.token"), what="the setting to be named")
    assert "not-the-token-at-all" not in daemon.log()
    assert await depth(dialer, 0)


async def test_an_unwritable_database_is_one_sentence_and_no_traceback(make_daemon: Make, tmp_path: Path) -> None:
    daemon = make_daemon(DISPATCHER_DATABASE__URL=f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'x.db'}")
    code, _, errors = await daemon.command("run")
    assert code == 1
    assert "database" in errors
    assert "Traceback" not in errors


async def test_a_second_start_by_mistake_leaves_the_running_daemon_alone(make_daemon: Make) -> None:
    daemon = make_daemon()
    await daemon.up()
    code, output, errors = await daemon.command("run")
    assert (code, output) == (2, "")
    assert f"cannot listen on 127.0.0.1:{daemon.port} (Address already in use): set http.bind" in errors
    document = await daemon.json("status")
    assert document["healthy"]
    assert document["daemon"]["epoch"] == 1


async def test_an_unknown_setting_is_named_with_its_remedy(make_daemon: Make) -> None:
    daemon = make_daemon(DISPATCHER_SYNC__INTERVALL="5s", DISPATCHER_LIMITS__PHONE_CONCURRENCY="many")
    code, _, errors = await daemon.command("run")
    assert code == 2
    assert "DISPATCHER_SYNC__INTERVALL" in errors
    assert "phone_concurrency" in errors.lower()
    assert "Traceback" not in errors


MALFORMED: list[tuple[str, dict[str, Any], str]] = [
    ("a status that is a number", {"status": 7}, "campaign_invalid"),
    ("a status that nobody knows", {"status": "dormant"}, "campaign_not_active"),
    ("no type", {"type": None}, "campaign_invalid"),
    ("a name that is a list", {"name": ["x"]}, "campaign_invalid"),
    ("a schedule that is a string", {"schedule": "always"}, "schedule_invalid"),
    ("no schedule", {"schedule": None}, "no_schedule"),
    ("a day that is null", {"schedule": {**ALWAYS, "tue": None}}, "schedule_invalid"),
    ("an impossible hour", {"schedule": {"mon": {"start": "25:00", "end": "26:00"}}}, "schedule_invalid"),
    ("no zone", {"timezone": None}, "no_timezone"),
    ("a zone on Mars", {"timezone": "Mars/Olympus"}, "timezone_unknown"),
    ("a zone that is an object", {"timezone": {"name": "UTC"}}, "campaign_invalid"),
    ("no phone", {"outboundPhoneUuid": None}, "no_phone"),
    ("a phone that nobody knows", {"outboundPhoneUuid": "9z9z"}, "phone_unknown"),
    ("a phone that is a number", {"outboundPhoneUuid": 12}, "campaign_invalid"),
    ("no assistant", {"outboundAssistantUuid": None}, "no_assistant"),
]


async def test_malformed_campaigns_are_each_blocked_by_their_reason_and_block_nothing_else(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    expected = {platform.campaign(orders=1, **({"name": what} | wrong)): code for what, wrong, code in MALFORMED}
    good = platform.campaign()
    platform.orders(good, 3, start=100)
    for bad in ("", "12", "not a number", None, "+1 212 CALL ME", "+999999999999999999"):
        platform.store.add_order(good, bad, status="planned")
    platform.store.add_order(good, "+12125550999", status="on hold")
    daemon, dialer = make_daemon(), make_dialer()
    await daemon.start()
    async with dialing(dialer):
        await eventually(lambda: len(dialer.begun) == 3, what="the three good orders")
    seen = {one["uuid"]: one for one in (await daemon.json("campaigns"))["campaigns"]}
    for uuid, code in expected.items():
        assert code in [reason["code"] for reason in seen[uuid]["reasons"]], seen[uuid]["name"]
        assert seen[uuid]["dialing"] is False
    assert {call["campaignUuid"] for call in dialer.begun} == {good}


def _begun(dialers: list[RawDialer]) -> int:
    return sum(len(one.begun) for one in dialers)


async def _settled(daemon: Daemon, orders: int) -> bool:
    found = (await daemon.json("status"))["attempts"]
    return bool(found["finished"] + found["uncertain"] == orders)


async def _told(daemon: Daemon, part: str, words: str) -> bool:
    """Tell whether the daemon is not ready and says these words of a part."""
    try:
        answer = await daemon.get("/readyz")
    except httpx.TransportError:
        return False  # the page is not served yet
    parts: dict[str, Any] = answer.json()["parts"]
    return answer.status_code == 503 and part in parts and words in parts[part]["detail"]
