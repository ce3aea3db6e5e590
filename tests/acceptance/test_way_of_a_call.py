"""From the platform to a dialer and back, with the real command as a process."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
from redis.exceptions import ResponseError

from dispatcher.worker.schema import call_schema
from tests.acceptance.harness import ALWAYS, OPERATOR, Daemon, Platform, RawDialer, dialing
from tests.servers import Postgres
from tests.waiting import eventually

Make = Callable[..., Daemon]
MakeDialer = Callable[..., RawDialer]


async def test_the_first_call_arrives_as_the_contract_describes_it(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=1)
    daemon, dialer = make_daemon(), make_dialer()
    await daemon.start()
    entry = await eventually(lambda: _claimed(dialer), what="an entry to claim")
    assert set(entry[1]) == {"job", "campaign", "order", "assistant", "not_after"}
    call = await dialer.take(entry[1]["job"])
    assert call is not None
    jsonschema.validate(call, call_schema())
    assert (call["campaignUuid"], call["toPhoneNumber"], call["fromPhoneNumber"], call["attempt"]) == (
        campaign,
        "+12125550000",
        "+16054440129",
        1,
    )


async def test_two_hundred_orders_are_each_called_once(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=200)
    daemon = make_daemon()
    dialers = [make_dialer(call_s=0.02) for _ in range(8)]
    await daemon.start()
    async with dialing(*dialers):
        await eventually(lambda: sum(len(one.begun) for one in dialers) >= 200, 60, "200 calls")
        await eventually(lambda: _finished(daemon, 200), what="200 outcomes in the mirror")
        await asyncio.sleep(1.5)  # nothing more may come, so there is no condition to wait for
    called = Counter(call["callOrderUuid"] for one in dialers for call in one.begun)
    assert set(called) == set(platform.store.orders[campaign])
    assert set(called.values()) == {1}


async def test_on_postgresql_fifty_orders_are_each_called_once(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer, postgres_server: Postgres
) -> None:
    campaign = platform.campaign(orders=50)
    daemon = make_daemon(DISPATCHER_DATABASE__URL=postgres_server.fresh())
    dialers = [make_dialer(call_s=0.02) for _ in range(4)]
    await daemon.up()
    async with dialing(*dialers):
        await eventually(lambda: _finished(daemon, 50), 60, "50 outcomes in the mirror")
    called = Counter(call["callOrderUuid"] for one in dialers for call in one.begun)
    assert set(called) == set(platform.store.orders[campaign])
    assert set(called.values()) == {1}


async def test_no_more_calls_are_out_than_the_phone_allows(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    platform.campaign(orders=60)
    daemon = make_daemon(DISPATCHER_LIMITS__PHONE_CONCURRENCY="4")
    dialers = [make_dialer(call_s=0.1) for _ in range(12)]
    await daemon.start()
    most = 0
    async with dialing(*dialers):
        while sum(len(one.begun) for one in dialers) < 60:
            most = max(most, int(await dialers[0].redis.xlen(dialers[0].calls)))
            await asyncio.sleep(0.005)
    assert 0 < most <= 4


async def test_a_pause_on_the_platform_empties_the_hopper_within_a_second_of_the_sync(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=50)
    daemon, dialer = make_daemon(DISPATCHER_SYNC__INTERVAL="5m"), make_dialer()
    await daemon.start()
    await eventually(dialer.documents, what="calls to begin")
    platform.change(campaign, status="paused")
    assert (await daemon.post("/api/sync")).status_code == 200
    await eventually(lambda: _empty(dialer), 1.0, "no call that could be begun")
    platform.change(campaign, status="active")
    await daemon.post("/api/sync")
    await eventually(dialer.documents, what="calls again")


async def test_a_deletion_on_the_platform_empties_the_hopper_within_a_second_of_the_sync(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=50)
    daemon, dialer = make_daemon(DISPATCHER_SYNC__INTERVAL="5m"), make_dialer()
    await daemon.start()
    await eventually(dialer.documents, what="calls to begin")
    platform.campaign(name="Another, so that the list is not empty", status="draft")
    platform.store.delete_campaign(campaign)
    assert (await daemon.post("/api/sync")).json()["campaigns"]["removed"] == 1
    await eventually(lambda: _empty(dialer), 1.0, "no call that could be begun")


async def test_a_changed_campaign_is_dialled_with_what_it_says_now(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=20)
    daemon, dialer = make_daemon(DISPATCHER_SYNC__INTERVAL="5m"), make_dialer()
    await daemon.start()
    await eventually(dialer.documents, what="calls to begin")
    other = platform.store.add_assistant(name="Bea")["uuid"]
    platform.change(campaign, outboundAssistantUuid=other)
    await daemon.post("/api/sync")
    await eventually(lambda: _only_assistant(dialer, other), 5.0, "only calls with the new assistant")


async def test_an_operators_pause_holds_across_a_restart_and_a_sync(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=50)
    daemon, dialer = make_daemon(), make_dialer()
    await daemon.start()
    await eventually(dialer.documents, what="calls to begin")
    code, _, errors = await daemon.command("pause", campaign, "--reason", "wrong script")
    assert code == 0, errors
    await eventually(lambda: _empty(dialer), 2.5, "no call that could be begun")
    daemon.send(signal.SIGTERM)
    assert await daemon.ended() == 0
    await daemon.start()
    await eventually(daemon.ready, what="ready again")
    await eventually(lambda: _only_reason(daemon, "paused_by_operator"), what="the reason, and no other")
    assert await _empty(dialer)
    await daemon.command("resume", campaign)
    await eventually(dialer.documents, what="calls again")


async def test_sigterm_exits_0_and_leaves_nothing_that_could_be_begun(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    platform.campaign(orders=50)
    daemon, dialer = make_daemon(), make_dialer()
    await daemon.start()
    await eventually(dialer.documents, what="calls to begin")
    daemon.send(signal.SIGTERM)
    assert await daemon.ended(10) == 0
    assert await _empty(dialer)
    states = (await daemon.json("status"))["attempts"]
    assert (states["intent"], states["queued"], states["dialing"]) == (0, 0, 0)


async def test_sighup_takes_a_changed_file_into_use_and_a_faulty_one_changes_nothing(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    platform.campaign(orders=50)
    daemon, dialer = make_daemon(), make_dialer()
    file = daemon.folder / "dispatcher.toml"
    file.write_text("[limits]\nphone_concurrency = 2\n")
    daemon.environment["DISPATCHER_CONFIG"] = str(file)
    await daemon.start()
    await eventually(lambda: _depth(dialer, 2), what="two calls")
    file.write_text("[limits]\nphone_concurrency = -1\n")
    daemon.send(signal.SIGHUP)
    await eventually(lambda: "limits.phone_concurrency" in daemon.log(), what="the fault in the log")
    assert await _depth(dialer, 2)
    file.write_text("[limits]\nphone_concurrency = 7\n")
    daemon.send(signal.SIGHUP)
    await eventually(lambda: _depth(dialer, 7), what="seven calls")


async def test_a_second_daemon_is_refused_and_the_first_goes_on(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    platform.campaign(orders=50)
    first, second, dialer = make_daemon(), make_daemon(), make_dialer()
    await first.up()
    await second.start()
    assert await second.ended() == 2
    assert "another dispatcher is running on the database" in first.log()  # they share the file
    await eventually(dialer.documents, what="calls to begin")
    assert await first.ready()


async def test_a_daemon_of_another_mirror_on_the_same_hopper_ends_the_one_with_the_older_epoch(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer, tmp_path: Path
) -> None:
    platform.campaign(orders=50)
    later, earlier, dialer = make_daemon(), make_daemon(), make_dialer()
    for _ in range(2):  # each start is an epoch
        await later.up()
        await eventually(dialer.documents, what="calls to begin")
        await later.stop()
    await later.up()
    await eventually(dialer.documents, what="calls to begin")
    earlier.environment["DISPATCHER_DATABASE__URL"] = f"sqlite:///{tmp_path / 'another.db'}"
    await earlier.start()
    assert await earlier.ended() == 2
    assert await later.ready()


async def test_a_number_that_must_not_be_called_leaves_the_hopper_within_a_second(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=5)
    orders = platform.store.orders[campaign]
    [order] = [uuid for uuid, one in orders.items() if one["record"]["phoneNumber"] == "+12125550003"]
    daemon, dialer = make_daemon(), make_dialer()
    await daemon.start()
    await eventually(lambda: _depth(dialer, 5), what="five calls that could be begun")
    code, _, errors = await daemon.command("dnc", "add", "+1 212 555 0003", "--reason", "asked by mail")
    assert code == 0, errors
    # A second from when the command had written it, which was before it ended.
    await eventually(lambda: _depth(dialer, 4), 1.5, "one call fewer")
    async with dialing(dialer):
        await eventually(lambda: len(dialer.begun) == 4, what="the other calls")
        orders[order]["instructions"] = "changed, so that the order is mirrored anew"
        await daemon.post("/api/sync")
        await eventually(lambda: _finished(daemon, 4), what="four outcomes in the mirror")
    assert "+12125550003" not in {call["toPhoneNumber"] for call in dialer.begun}
    explained = await daemon.json("explain", campaign, order)
    assert "do_not_call" in [reason["code"] for reason in explained["reasons"]]
    assert [(one["state"], one["why"]) for one in explained["attempts"]] == [("revoked", "do_not_call")]
    assert explained["attempts"][0]["decision"]["timezone"] == "UTC"


async def test_a_person_is_called_no_more_often_than_the_settings_of_the_moment_allow(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=1)
    [order] = platform.store.orders[campaign]
    daemon, dialer = make_daemon(DISPATCHER_RETRIES__NO_ANSWER="1ms"), make_dialer(outcome="no-answer")
    file = daemon.folder / "dispatcher.toml"
    file.write_text("[retries]\nperson_per_day = 1\n")
    daemon.environment["DISPATCHER_CONFIG"] = str(file)
    await daemon.start()
    async with dialing(dialer):
        await eventually(lambda: dialer.begun, what="the first call")
        await eventually(
            lambda: _held_as(daemon, campaign, order, "recent_attempt"), what="the person to be left alone"
        )
        assert len(dialer.begun) == 1
        file.write_text("[retries]\nperson_per_day = 2\n")
        daemon.send(signal.SIGHUP)
        await eventually(lambda: len(dialer.begun) == 2, what="the second call")
        await eventually(lambda: _held_as(daemon, campaign, order, "recent_attempt"), what="to be left alone again")
    assert len(dialer.begun) == 2


async def test_a_closed_campaign_is_not_dialled_and_says_why(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    # Open for one minute, twelve hours from now.
    hour = (_utc_hour() + 12) % 24
    closed = {day: {"start": f"{hour:02d}:00", "end": f"{hour:02d}:01"} for day in ALWAYS}
    campaign = platform.campaign(orders=5, schedule=closed)
    daemon, dialer = make_daemon(), make_dialer()
    await daemon.up()
    told = await daemon.json("explain", campaign)
    assert told["dialing"] is False
    assert "window_closed" in [reason["code"] for reason in told["reasons"]]
    assert told["next_open"] is not None
    assert await _empty(dialer)


async def test_http_changes_need_the_operators_token(platform: Platform, make_daemon: Make) -> None:
    campaign = platform.campaign(orders=1)
    daemon = make_daemon(DISPATCHER_HTTP__TOKEN=OPERATOR)
    await daemon.up()
    assert (await daemon.post(f"/api/campaigns/{campaign}/pause", {"reason": "test"})).status_code == 200
    for path in ("/livez", "/metrics", "/", "/api/status", "/api/campaigns", "/api/queues", "/api/jobs"):
        assert (await daemon.get(path)).status_code == 200, path


def _utc_hour() -> int:
    return datetime.now(UTC).hour


async def _claimed(dialer: RawDialer) -> tuple[str, dict[str, str]] | None:
    try:
        return await dialer.claim()
    except ResponseError:
        return None  # the dispatcher has not made the group yet


async def _finished(daemon: Daemon, number: int) -> bool:
    return bool((await daemon.json("status"))["attempts"]["finished"] == number)


async def _only_reason(daemon: Daemon, code: str) -> bool:
    [seen] = (await daemon.json("campaigns"))["campaigns"]
    return [reason["code"] for reason in seen["reasons"]] == [code]


async def _empty(dialer: RawDialer) -> bool:
    return not await dialer.documents()


async def _depth(dialer: RawDialer, number: int) -> bool:
    return len(await dialer.documents()) == number


async def _only_assistant(dialer: RawDialer, assistant: str) -> bool:
    entries: Any = await dialer.redis.xrange(dialer.calls)
    return bool(entries) and {fields["assistant"] for _, fields in entries} == {assistant}


async def _held_as(daemon: Daemon, campaign: str, order: str, code: str) -> bool:
    found = await daemon.json("explain", campaign, order)
    return [reason["code"] for reason in found["reasons"]] == [code]
