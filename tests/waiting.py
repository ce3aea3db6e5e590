"""Waiting for what should come, with a bound."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any


async def eventually(
    condition: Callable[[], Awaitable[Any]] | Callable[[], Any], within_s: float = 60.0, what: str = ""
) -> Any:
    """Return what `condition` returns as soon as that is true; fail after the bound."""
    until = time.monotonic() + within_s
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < until, f"not within {within_s} s: {what or condition}"
        await asyncio.sleep(0.02)
