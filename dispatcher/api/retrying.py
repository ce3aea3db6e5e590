"""When a failed request to the platform is tried again: full jitter, a budget, and the platform's own word.

Full jitter: each wait is drawn evenly from nothing to a ceiling that doubles, so that many clients that failed together
do not come back together. The budget is shared by all requests: a platform that fails most of them is not made to
answer four times as many.
"""

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

from dispatcher.api.transport import RetryableError
from dispatcher.clock import Clock
from dispatcher.errors import TransientError

T = TypeVar("T")

_ATTEMPTS = 4
_FIRST_CEILING_S = 0.4
_LONGEST_CEILING_S = 5.0
_BUDGET = 20.0
_EARNED = 0.1
"""A request that succeeds pays for a tenth of a repeat."""

_LONGEST_PATIENCE_S = 30.0
"""A longer wait that the platform asks for ends the pass; no request at all is made until a wait is over."""

_LONGEST_SILENCE_S = 3600.0
"""Nobody means to be left alone for longer; a typing error in a header must not silence a mirror for good."""


class Retrying:
    """Makes requests, and repeats of those that a repeat may mend; `draw` takes a number between two, evenly."""

    def __init__(self, clock: Clock, draw: Callable[[float, float], float] = random.uniform) -> None:
        self._clock = clock
        self._draw = draw
        self._budget = _BUDGET
        self._left_alone_until = float("-inf")

    async def make(self, request: Callable[[], Awaitable[T]]) -> T:
        """Return what `request` returns. RetryableError if it fails for too long, or must not be made yet."""
        ceilings_s = iter(min(_FIRST_CEILING_S * 2**place, _LONGEST_CEILING_S) for place in range(_ATTEMPTS))

        def wait(fault: Exception) -> bool | float:
            return self._wait(fault, next(ceilings_s))

        try:
            return await self._once(request)  # nearly all of them succeed, and need none of what follows
        except RetryableError as first:
            failed: RetryableError | None = first
        async for attempt in stamina.retry_context(on=wait, attempts=_ATTEMPTS, timeout=None):
            with attempt:
                if failed is not None:
                    fault, failed = failed, None
                    raise fault
                return await self._once(request)
        raise AssertionError("stamina ends with an answer or an error")

    async def _once(self, request: Callable[[], Awaitable[T]]) -> T:
        await self._leave_alone()
        answer = await request()
        self._budget = min(_BUDGET, self._budget + _EARNED)
        return answer

    async def _leave_alone(self) -> None:
        """Wait for as long as the platform has asked for, on whatever request; TransientError if that is too long."""
        wait_s = self._left_alone_until - self._clock.monotonic()
        if wait_s > _LONGEST_PATIENCE_S:
            raise TransientError(f"the platform asked to be left alone for another {wait_s:.0f} s (Retry-After)")
        if wait_s > 0:
            await self._clock.sleep(wait_s)

    def _wait(self, fault: Exception, ceiling_s: float) -> bool | float:
        """Return the seconds to wait after a fault, or False to give the request up."""
        if not isinstance(fault, RetryableError):
            return False
        if fault.wait_s is not None:
            until = self._clock.monotonic() + min(fault.wait_s, _LONGEST_SILENCE_S)
            self._left_alone_until = max(self._left_alone_until, until)
            if fault.wait_s > _LONGEST_PATIENCE_S:
                return False
        if self._budget < 1:
            return False
        self._budget -= 1
        return self._draw(0, ceiling_s) if fault.wait_s is None else fault.wait_s
