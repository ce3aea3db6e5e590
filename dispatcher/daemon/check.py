"""Trying everything that the daemon needs, so that one look tells all that is wrong."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.errors import ConfigurationError, DispatcherError
from dispatcher.hopper import connection
from dispatcher.hopper.watch import Watch
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
    other = f"{database.name} is at version {version}, this dispatcher needs {latest}: run `dispatcher db upgrade`"
    return [Finding("database", ok=False, detail=other)]


async def _redis(settings: Settings) -> list[Finding]:
    client = connection.writer(settings.redis.url.get_secret_value())
    try:
        watch = Watch(client, settings.redis.prefix)
        server = await watch.server()
        skew = await watch.time() - datetime.now(UTC)
    finally:
        await client.aclose()
    return [
        Finding("redis", ok=True, detail=f"version {server.version} answers"),
        *(Finding("redis", ok=True, detail=warning, warning=True) for warning in server.warnings),
        *_skew("redis", "Redis", skew),
    ]


async def _api(settings: Settings) -> list[Finding]:
    account = settings.api.require()
    platform = Platform(account.base_url, account.token.get_secret_value(), account.timeout, Clock())
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
