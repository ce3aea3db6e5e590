"""Calls that fall silent, last long, are reported twice, or end in words that bind."""

import asyncio

from tests.acceptance.harness import Daemon, Platform, RawDialer, dialing
from tests.acceptance.seen import Make, MakeDialer, begin, depth, states
from tests.waiting import eventually

CALL_TIMEOUT_S = 6
"""Longer than a machine under load may keep a dialer from saying that its call goes on."""


async def test_a_call_that_is_claimed_and_not_begun_is_queued_anew_as_a_new_job(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    platform.campaign(orders=1)
    daemon, dialer = make_daemon(DISPATCHER_HOPPER__CLAIM_TIMEOUT="3s"), make_dialer()
    await daemon.start()
    await eventually(dialer.documents, what="a call")
    first = await dialer.claim()
    assert first is not None
    second = await eventually(dialer.claim, 15, "the call under a new job")
    assert second[1]["order"] == first[1]["order"]
    assert second[1]["job"] != first[1]["job"]
    assert await dialer.take(first[1]["job"]) is None
    assert await dialer.take(second[1]["job"]) is not None


async def test_a_begun_call_that_falls_silent_is_held_and_its_late_outcome_still_counts(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=1)
    daemon = make_daemon(DISPATCHER_HOPPER__CLAIM_TIMEOUT="3s", DISPATCHER_HOPPER__CALL_TIMEOUT="4s")
    dialer = make_dialer()
    await daemon.start()
    entry, job = await begin(dialer)
    await eventually(lambda: states(daemon, uncertain=1), what="the call to become uncertain")
    [order] = platform.store.orders[campaign]
    told = await daemon.json("explain", campaign, order)
    assert "order_uncertain" in [reason["code"] for reason in told["reasons"]]
    assert await dialer.claim() is None
    await dialer.finish(entry, job, "completed")
    await eventually(lambda: states(daemon, finished=1, uncertain=0), what="the late outcome")


async def test_a_heartbeat_keeps_a_long_call_from_becoming_uncertain(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    platform.campaign(orders=1)
    daemon = make_daemon(DISPATCHER_HOPPER__CLAIM_TIMEOUT="3s", DISPATCHER_HOPPER__CALL_TIMEOUT=f"{CALL_TIMEOUT_S}s")
    dialer = make_dialer()
    await daemon.start()
    entry, _ = await begin(dialer)

    async def beat() -> None:
        while True:
            await dialer.redis.xclaim(dialer.calls, "dialers", "raw", 0, [entry], justid=True)
            await asyncio.sleep(0.5)

    beats = asyncio.create_task(beat())
    try:
        await eventually(lambda: states(daemon, dialing=1), what="the daemon to know of the call")
        await asyncio.sleep(2 * CALL_TIMEOUT_S)
        assert (await daemon.json("status"))["attempts"]["uncertain"] == 0
    finally:
        beats.cancel()


async def test_outcomes_that_come_twice_or_unknown_are_applied_once(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    platform.campaign(orders=1)
    daemon, dialer = make_daemon(), make_dialer()
    await daemon.start()
    entry, job = await begin(dialer)
    for word in ("melted", "completed", "melted", "gone"):
        await dialer.finish(entry, job, word)
    await dialer.finish("0-1", "a job that nobody queued", "completed")
    await eventually(lambda: states(daemon, finished=1), what="one outcome")
    await eventually(lambda: _drained(dialer), what="the reports to be taken in")
    [job] = (await daemon.json("jobs"))["jobs"]
    assert job["outcome"] == "failed"


async def test_do_not_call_stops_the_number_in_every_campaign(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    first = platform.campaign(orders=1)
    daemon, dialer = make_daemon(), make_dialer(outcome="do-not-call")
    await daemon.start()
    async with dialing(dialer):
        await eventually(lambda: len(dialer.begun) == 1, what="the first call")
        # It is not stopped before it has reported.
        await eventually(lambda: states(daemon, finished=1), what="its outcome")
    second = platform.campaign(orders=1, name="The same person")
    order = next(iter(platform.store.orders[second]))
    await eventually(lambda: _explained(daemon, second, order, "do_not_call"), what="the reason")
    assert first != second
    assert await depth(dialer, 0)


async def _drained(dialer: RawDialer) -> bool:
    return await dialer.redis.xlen(dialer.outcomes) == 0


async def _explained(daemon: Daemon, campaign: str, order: str, code: str) -> bool:
    code_, output, _ = await daemon.command("explain", campaign, order, "-o", "json")
    return code_ in {0, 1} and f'"{code}"' in output
