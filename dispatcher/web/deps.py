"""What the daemon gives the web."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from dispatcher.clock import Clock
from dispatcher.model.brakes import Scope
from dispatcher.reports.parts import Part
from dispatcher.reports.sources import Sources
from dispatcher.settings import Bind

Pause = Callable[[Scope, str | None, str], Awaitable[bool]]
"""Puts a brake on: what it stops, its uuid (None for everything), the reason. False if it was on already."""

Resume = Callable[[Scope, str | None], Awaitable[bool]]
"""Takes a brake off: what it stops, its uuid (None for everything). False if there was none."""


@dataclass(frozen=True, slots=True)
class Deps:
    """Where the web looks, who may ask, and what it may have done.

    `sources` gives what is current at each question. `token` guards (None: nothing may be changed); `bind` is where it
    is served. `request_sync` makes one mirror pass, over the orders of a campaign too if one is named, and returns its
    document; errors of ours that it raises are answered as problems. `health` tells the state of each part at once,
    without asking any; `alive` whether the loops still turn.
    """

    sources: Callable[[], Sources]
    clock: Clock
    token: SecretStr | None
    bind: Bind
    pause: Pause
    resume: Resume
    request_sync: Callable[[str | None], Awaitable[Mapping[str, Any]]]
    health: Callable[[], Mapping[str, Part]]
    alive: Callable[[], bool]
