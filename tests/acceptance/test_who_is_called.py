"""Who may be called, how often and when, and who may change that."""

import signal
from datetime import UTC, datetime

from tests.acceptance.harness import ALWAYS, OPERATOR, Daemon, Platform, dialing
from tests.acceptance.seen import Make, MakeDialer, depth, states
from tests.waiting import eventually


async def test_a_number_that_must_not_be_called_leaves_the_hopper_within_a_second(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=5)
    orders = platform.store.orders[campaign]
    [order] = [uuid for uuid, one in orders.items() if one["record"]["phoneNumber"] == "+12125550003"]
    daemon, dialer = make_daemon(), make_dialer()
    await daemon.start()
    await eventually(lambda: depth(dialer, 5), what="five calls that could be begun")
    code, _, errors = await daemon.command("dnc", "add", "+1 212 555 0003", "--reason", "asked by mail")
    assert code == 0, errors
    # A second from when the command had written it, which was before it ended.
    await eventually(lambda: depth(dialer, 4), 1.5, "one call fewer")
    async with dialing(dialer):
        await eventually(lambda: len(dialer.begun) == 4, what="the other calls")
        orders[order]["instructions"] = "changed, so that the order is mirrored anew"
        await daemon.post("/api/sync")
        await eventually(lambda: states(daemon, finished=4), what="four outcomes in the mirror")
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
    assert await depth(dialer, 0)


async def test_http_changes_need_the_operators_token(platform: Platform, make_daemon: Make) -> None:
    campaign = platform.campaign(orders=1)
    daemon = make_daemon(DISPATCHER_HTTP__TOKEN=OPERATOR)
    await daemon.up()
    assert (await daemon.post(f"/api/campaigns/{campaign}/pause", {"reason": "test"})).status_code == 200
    for path in ("/livez", "/metrics", "/", "/api/status", "/api/campaigns", "/api/queues", "/api/jobs"):
        assert (await daemon.get(path)).status_code == 200, path


def _utc_hour() -> int:
    return datetime.now(UTC).hour


async def _held_as(daemon: Daemon, campaign: str, order: str, code: str) -> bool:
    found = await daemon.json("explain", campaign, order)
    return [reason["code"] for reason in found["reasons"]] == [code]
