"""Telling systemd how things stand: a datagram to the socket that it names (sd_notify(3))."""

import os
import socket


class Notifier:
    """Sends states to the socket of `NOTIFY_SOCKET`; without one, does nothing."""

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address and address.startswith("@") else address

    @classmethod
    def from_environment(cls) -> "Notifier":
        """Return the notifier of this process."""
        return cls(os.environ.get("NOTIFY_SOCKET"))

    def send(self, *states: str) -> None:
        """Send states such as `READY=1`; a socket that is gone is no reason to fail."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection:
            try:
                connection.sendto("\n".join(states).encode(), self._address)
            except OSError:
                return
