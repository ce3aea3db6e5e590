"""Daemons that start, stop, read their file again, and meet each other."""

import signal
from pathlib import Path

from tests.acceptance.harness import Daemon, Platform
from tests.acceptance.seen import Make, MakeDialer, depth
from tests.waiting import eventually


async def test_an_operators_pause_holds_across_a_restart_and_a_sync(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=50)
    daemon, dialer = make_daemon(), make_dialer()
    await daemon.start()
    await eventually(dialer.documents, what="calls to begin")
    code, _, errors = await daemon.command("pause", campaign, "--reason", "wrong script")
    assert code == 0, errors
    await eventually(lambda: depth(dialer, 0), 2.5, "no call that could be begun")
    daemon.send(signal.SIGTERM)
    assert await daemon.ended() == 0
    await daemon.start()
    await eventually(daemon.ready, what="ready again")
    await eventually(lambda: _only_reason(daemon, "paused_by_operator"), what="the reason, and no other")
    assert await depth(dialer, 0)
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
    assert await depth(dialer, 0)
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
    await eventually(lambda: depth(dialer, 2), what="two calls")
    file.write_text("[limits]\nphone_concurrency = -1\n")
    daemon.send(signal.SIGHUP)
    await eventually(lambda: "limits.phone_concurrency" in daemon.log(), what="the fault in the log")
    assert await depth(dialer, 2)
    file.write_text("[limits]\nphone_concurrency = 7\n")
    daemon.send(signal.SIGHUP)
    await eventually(lambda: depth(dialer, 7), what="seven calls")


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


async def _only_reason(daemon: Daemon, code: str) -> bool:
    [seen] = (await daemon.json("campaigns"))["campaigns"]
    return [reason["code"] for reason in seen["reasons"]] == [code]
