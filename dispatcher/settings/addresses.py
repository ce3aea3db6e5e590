"""Where the daemon listens."""

import ipaddress
import re
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator

_WRITTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})")
_HIGHEST_PORT = 65535


class Bind(NamedTuple):
    """A host (an address or a name, IPv6 without brackets) and a TCP port; port 0 lets the system choose one."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it; a name other than localhost may lead anywhere."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(value: object) -> Bind:
    """Return the address that `host:port` or `[::1]:port` stands for."""
    if isinstance(value, Bind):
        return value
    written = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if written is None or int(written[3]) > _HIGHEST_PORT or (written[1] and not _is_ipv6(written[1])):
        raise ValueError(
            "must be host:port, such as 127.0.0.1:8080, [::1]:8080 or, to be reached from everywhere, 0.0.0.0:8080"
        )
    return Bind(written[1] or written[2], int(written[3]))


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


BindAddress = Annotated[Bind, BeforeValidator(parse)]
