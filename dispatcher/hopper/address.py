"""`redis.url` where it names several servers: the members of a Sentinel service or of a cluster.

The form is the one that limits, docket and Prefect accept, with `rediss+` in place of `redis+` for TLS everywhere:

- `redis+sentinel://[user:password@]sentinel[:26379],sentinel…/service[/database][?options]`; `sentinel_username` and
  `sentinel_password` among the options are for the Sentinels, everything else for the servers.
- `redis+cluster://[user:password@]node[:6379],node…[?options]`.
"""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode

from dispatcher.errors import ConfigurationError

_SEVERAL = re.compile(
    r"(?P<scheme>rediss?)\+(?P<kind>sentinel|cluster)://(?:(?P<user>[^@/?]*)@)?"
    r"(?P<members>[^@/?]+)(?:/(?P<path>[^?]*))?(?:\?(?P<options>.*))?"
)
_MEMBER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")
_SENTINEL_PORT, _NODE_PORT = 26379, 6379

Host = tuple[str, int]
"""A host name or address (without brackets) and a port."""


@dataclass(frozen=True, slots=True)
class Several:
    """An address that names several servers. `service` and `database` are empty for a cluster."""

    scheme: str
    kind: Literal["sentinel", "cluster"]
    user: str
    members: tuple[Host, ...]
    service: str
    database: str
    options: tuple[tuple[str, str], ...]

    def server(self, host: Host) -> str:
        """Return the URL of a server that holds keys."""
        options = [(name, value) for name, value in self.options if not name.startswith("sentinel_")]
        return self._url(host, self.user, self.database, options)

    def member(self, host: Host) -> str:
        """Return the URL of one of those that are asked where the servers are."""
        if self.kind == "cluster":
            return self.server(host)
        given = dict(self.options)
        name, password = given.get("sentinel_username", ""), given.get("sentinel_password")
        user = "" if password is None else f"{quote(name, safe='')}:{quote(password, safe='')}"
        return self._url(host, user, "", [(key, value) for key, value in self.options if key.startswith("ssl_")])

    def _url(self, host: Host, user: str, database: str, options: list[tuple[str, str]]) -> str:
        name = f"[{host[0]}]" if ":" in host[0] else host[0]
        query = f"?{urlencode(options)}" if options else ""
        return f"{self.scheme}://{user}{'@' if user else ''}{name}:{host[1]}/{database}{query}"


def several(url: str) -> Several | None:
    """Take an address apart; None if it is one of a single server. ConfigurationError if it cannot be."""
    if not url.startswith(("redis+", "rediss+")):
        return None
    written = _SEVERAL.fullmatch(url)
    if written is None:
        raise _wrong()
    kind: Literal["sentinel", "cluster"] = "sentinel" if written["kind"] == "sentinel" else "cluster"
    service, _, database = (written["path"] or "").partition("/")
    if kind == "sentinel" and not service:
        raise _wrong()
    if kind == "cluster" and service not in {"", "0"}:
        raise _wrong()
    return Several(
        scheme=written["scheme"],
        kind=kind,
        user=written["user"] or "",
        members=tuple(_member(one, kind) for one in written["members"].split(",")),
        service=unquote(service) if kind == "sentinel" else "",
        database=database,
        options=tuple(parse_qsl(written["options"] or "", keep_blank_values=True)),
    )


def _member(text: str, kind: str) -> Host:
    written = _MEMBER.fullmatch(text)
    if written is None:
        raise _wrong()
    return written[1].strip("[]"), int(written[2] or (_SENTINEL_PORT if kind == "sentinel" else _NODE_PORT))


def _wrong() -> ConfigurationError:
    # Without the address, which may hold a password.
    return ConfigurationError(
        "redis.url names its servers in a way that is not understood: write"
        " redis+sentinel://:PASSWORD@host:26379,host:26379/service/0 or redis+cluster://:PASSWORD@host:6379,host:6379"
    )
