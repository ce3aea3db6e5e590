"""What the service manager is told."""

import contextlib
import signal
import socket
from pathlib import Path

import pytest

from tests.acceptance.harness import Platform
from tests.acceptance.seen import Make
from tests.waiting import eventually


@pytest.mark.parametrize("abstract", [False, True])
async def test_systemd_is_told_when_the_daemon_is_ready_alive_and_stopping(
    platform: Platform, make_daemon: Make, tmp_path: Path, abstract: bool
) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind("\0" + path if abstract else path)
        told.setblocking(False)
        daemon = make_daemon(NOTIFY_SOCKET="@" + path if abstract else path, WATCHDOG_USEC="600000")
        await daemon.start()
        heard: list[str] = []

        def hears(state: str) -> bool:
            with contextlib.suppress(BlockingIOError):
                heard.extend(told.recv(4096).decode().split("\n"))
            return state in heard

        await eventually(lambda: hears("READY=1"), what="READY=1")
        await eventually(lambda: hears("WATCHDOG=1"), what="WATCHDOG=1")
        daemon.send(signal.SIGTERM)
        await eventually(lambda: hears("STOPPING=1"), what="STOPPING=1")
        assert await daemon.ended() == 0
