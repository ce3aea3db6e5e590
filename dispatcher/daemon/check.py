"""Trying everything that the daemon needs, so that one look tells all that is wrong."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.errors import ConfigurationError, DispatcherError, TransientError
from dispatcher.hopper import connection
from dispatcher.hopper.watch import Server, Watch
from dispatcher.mirror import schema
from dispatcher.mirror.database import Database
from dispatcher.rules import zones
from dispatcher.rules.conditions import SKEW_NOTED, SKEW_STOPS
from dispatcher.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part; `detail` is a sentence for people, `warning` marks what works and is unwise."""

    part: str
    ok: bool
    detail: str
    warning: bool = False


async def check(settings: Settings) -> list[Finding]:
    """Try the database, Redis and the platform, all at once; nothing that is expected to fail raises.

    The database is made if it is a file that does not exist, since only so it is known to be writable; its tables are
    left as they are.
    """
    parts: tuple[tuple[str, Callable[[Settings], Coroutine[Any, Any, list[Finding]]]], ...] = (
        ("database", _database),
        ("redis", _redis),
        ("api", _api),
    )
    found = await asyncio.gather(*(_tried(name, part(settings)) for name, part in parts))
    source = zones.source()
    known = Finding("time zones", ok=True, detail=f"tz database {source.version}, from the {source.origin}")
    own = [Finding("configuration", ok=True, detail="every setting is valid"), known, _rules(settings)]
    return [*own, *(one for several in found for one in several)]


def _rules(settings: Settings) -> Finding:
    pack = settings.calling_rules.pack()
    if pack is None:
        return Finding("calling rules", ok=True, detail="switched off: no law is looked after here", warning=True)
    modes: Counter[str] = Counter(rule.mode for rule in pack.rules)
    counted = ", ".join(
        f"{modes[mode]} {name}" for mode, name in (("on", "on"), ("shadow", "in shadow"), ("off", "off"))
    )
    return Finding("calling rules", ok=True, detail=f"version {pack.version}: {counted}")


async def _tried(part: str, trying: Coroutine[Any, Any, list[Finding]]) -> list[Finding]:
    try:
        return await trying
    except ConfigurationError as wrong:
        return [Finding("configuration", ok=False, detail=fault) for fault in wrong.faults]
    except DispatcherError as fault:
        return [Finding(part, ok=False, detail=str(fault))]


async def _database(settings: Settings) -> list[Finding]:
    database = Database(settings.database.url.get_secret_value())
    try:
        # As a writer, since a mirror that can only be read is of no use.
        version = await database.write(schema.current)
    finally:
        database.close()
    latest = schema.LATEST
    if version == latest:
        return [Finding("database", ok=True, detail=f"{database.name} can be written; its tables are at {version}")]
    if version is None:
        empty = f"{database.name} has no tables yet: `dispatcher run`, `sync` or `db upgrade` makes them"
        return [Finding("database", ok=True, detail=empty, warning=True)]
    return [Finding("database", ok=False, detail=f"{database.name} is {schema.other(version)}")]


async def _redis(settings: Settings) -> list[Finding]:
    client = connection.hopper(settings.redis.url.get_secret_value())
    try:
        watch = Watch(client, settings.redis.prefix)
        servers = await watch.servers()
        now = datetime.now(UTC)
        skew = max((at - now for at in await watch.times()), key=abs)
        failover = await _failover(watch, settings.hopper.lease)
    finally:
        await client.aclose()
    return [*(finding for server in servers for finding in _server(server)), *failover, *_skew("redis", "Redis", skew)]


def _server(server: Server) -> list[Finding]:
    where = f" at {server.name}" if server.name else ""
    return [
        Finding("redis", ok=True, detail=f"version {server.version} answers{where}"),
        *(
            Finding("redis", ok=True, detail=f"{warning}{where and f' ({server.name})'}", warning=True)
            for warning in server.warnings
        ),
    ]


async def _failover(watch: Watch, lease: timedelta) -> list[Finding]:
    """Tell whether a replica that takes over could still offer a call that was begun on the server before it."""
    try:
        takes = await watch.failover()
    except TransientError as fault:
        unknown = (
            f"{fault}: it must be longer than hopper.lease, or a replica that takes over may offer a begun call again"
        )
        return [Finding("redis", ok=True, detail=unknown, warning=True)]
    if takes is None:
        return []
    after, lasts = f"{takes.at_least.total_seconds():g} s after", f"hopper.lease ({lease.total_seconds():g} s)"
    if lease < takes.at_least:
        good = f"a replica takes over no sooner than {after} a silence ({takes.setting}), when {lasts} is over"
        return [Finding("redis", ok=True, detail=good)]
    bad = (
        f"a replica may take over {after} a silence ({takes.setting}), within {lasts}, and offer a call again that was"
        f" begun: lower hopper.lease or raise {takes.setting.partition(' ')[0]}"
    )
    return [Finding("redis", ok=False, detail=bad)]


async def _api(settings: Settings) -> list[Finding]:
    account = settings.api.require()
    platform = Platform(
        account.base_url, account.token.get_secret_value(), account.timeout, Clock(), ca_file=account.ca_file
    )
    try:
        me = await platform.me()
    finally:
        await platform.close()
    return [
        Finding("api", ok=True, detail=f"{account.base_url} accepts the token{_whose(me)}"),
        *(_skew("api", "the platform", platform.skew) if platform.skew is not None else ()),
    ]


def _whose(me: dict[str, Any]) -> str:
    """Tell whose the token is, as far as the platform says so."""
    user = me.get("user")
    if not isinstance(user, dict):
        return ""
    client = user.get("client")
    names = (user.get("email"), client.get("name") if isinstance(client, dict) else None)
    return "".join(f" {word} {name}" for word, name in zip(("of", "at"), names, strict=True) if isinstance(name, str))


def _skew(part: str, whose: str, skew: timedelta) -> list[Finding]:
    if abs(skew) <= SKEW_NOTED:
        return []
    seconds = abs(skew).total_seconds()
    way = "ahead of" if skew > timedelta(0) else "behind"
    stops = abs(skew) > SKEW_STOPS
    consequence = "nothing is queued" if stops else f"past {SKEW_STOPS.total_seconds():.0f} s nothing is queued"
    detail = f"the clock of {whose} is {seconds:.1f} s {way} this host's; {consequence}: set both by NTP"
    return [Finding(part, ok=not stops, detail=detail, warning=not stops)]
