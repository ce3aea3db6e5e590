"""The way of a call, from the platform to a dialer and back, and what takes it off that way."""

import asyncio
from collections import Counter
from typing import Any

import jsonschema
from redis.exceptions import ResponseError

from dispatcher.worker.schema import call_schema
from tests.acceptance.harness import Platform, RawDialer, dialing
from tests.acceptance.seen import Make, MakeDialer, depth, states
from tests.servers import Postgres
from tests.waiting import eventually


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
        await eventually(lambda: states(daemon, finished=200), what="200 outcomes in the mirror")
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
        await eventually(lambda: states(daemon, finished=50), 60, "50 outcomes in the mirror")
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
    await eventually(lambda: depth(dialer, 0), 1.0, "no call that could be begun")
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
    await eventually(lambda: depth(dialer, 0), 1.0, "no call that could be begun")


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


async def _claimed(dialer: RawDialer) -> tuple[str, dict[str, str]] | None:
    try:
        return await dialer.claim()
    except ResponseError:
        return None  # the dispatcher has not made the group yet


async def _only_assistant(dialer: RawDialer, assistant: str) -> bool:
    entries: Any = await dialer.redis.xrange(dialer.calls)
    return bool(entries) and {fields["assistant"] for _, fields in entries} == {assistant}
