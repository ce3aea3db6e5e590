"""The worker: claims calls, places them through a dial function, and reports what became of them."""

import asyncio
from collections.abc import Sequence

from dispatcher.clock import Clock
from dispatcher.errors import ConfigurationError, PermanentError, TransientError
from dispatcher.log import logger
from dispatcher.worker.answer import Dial, Result
from dispatcher.worker.claims import BLOCK_S, Claims, new_consumer
from dispatcher.worker.connection import clients, delays
from dispatcher.worker.placing import Placing
from dispatcher.worker.steps import Entry, Steps

_FORCED_S = 6.0
"""How long calls that were cancelled may still take to report; one try at Redis takes at most five seconds."""

_log = logger(__name__)


class Worker:
    """Places up to `concurrency` calls at once, from all phones or only from `phones` (uuids).

    `heartbeat_s` is how often a running call is reported alive. `stop_timeout_s` is how long `stop()` lets running
    calls go on. Raises ConfigurationError for an address or a concurrency that cannot be.
    """

    def __init__(
        self,
        redis_url: str,
        prefix: str = "dispatcher",
        phones: Sequence[str] | None = None,
        *,
        concurrency: int = 10,
        heartbeat_s: float = 60.0,
        stop_timeout_s: float = 30.0,
    ) -> None:
        if concurrency < 1:
            raise ConfigurationError(f"A worker's concurrency is {concurrency}: it must be at least 1.")
        self._clock = Clock()
        self._consumer = new_consumer()
        self._reader, self._writer = clients(redis_url, BLOCK_S, concurrency, self._consumer)
        self._claims = Claims(self._reader, prefix, self._consumer, phones, self._clock)
        self._stopping = asyncio.Event()
        self._steps = Steps(self._writer, prefix, self._consumer)
        self._placing = Placing(self._steps, self._clock, self._stopping, heartbeat_s)
        self._concurrency = concurrency
        self._stop_timeout_s = stop_timeout_s
        self._deadline = 0.0
        self._calls: set[asyncio.Task[None]] = set()

    async def run(self, dial: Dial) -> None:
        """Place calls until `stop()`; waits for Redis and for the dispatcher as long as it takes.

        Raises PermanentError when Redis refuses the login. Cancelling this is a stop without patience: the calls that
        run are cancelled, and what became of them stays unknown.
        """
        _log.info("worker started", worker=self._consumer, concurrency=self._concurrency)
        refused: PermanentError | None = None
        try:
            try:
                await self._claim_and_place(dial)
            except PermanentError as fault:
                refused = fault
                self.stop()
            await self._settle()
        finally:
            self._stopping.set()
            await self._abandon()
            await self._reader.aclose()
            await self._writer.aclose()
            _log.info("worker stopped", worker=self._consumer)
        if refused is not None:
            raise refused

    def stop(self) -> None:
        """Claim nothing more, let the calls that run end within `stop_timeout_s`, then return from `run`.

        A call that was claimed and not begun is handed back to the dispatcher. One that runs longer is cancelled and
        not reported, because nobody knows what became of it. Call it in the worker's own event loop.
        """
        if not self._stopping.is_set():
            self._deadline = self._clock.monotonic() + self._stop_timeout_s
            self._stopping.set()

    async def report(self, entry: Entry, result: Result) -> None:
        """Deliver an outcome that its dial function does not return, of any call, this worker's or an earlier one's.

        Repeating it is harmless. TransientError or PermanentError when it is not known to be delivered.
        """
        await self._steps.finish(entry, result)

    async def _claim_and_place(self, dial: Dial) -> None:
        """Claim while there is a free place, and begin at once whatever was claimed."""
        waits = delays()
        while not self._stopping.is_set():
            free = self._concurrency - len(self._calls)
            if not free:
                await self._until_one_ends()
                continue
            try:
                entries = await self._claims.some(free)
            except TransientError as fault:
                _log.warning("redis failed", fault=str(fault))
                await self._placing.pause(next(waits))
                continue
            waits = delays()
            for entry in entries:
                self._begin(entry, dial)

    def _begin(self, entry: Entry, dial: Dial) -> None:
        call = asyncio.create_task(self._placing.place(entry, dial), name=f"call {entry.job}")
        self._calls.add(call)
        call.add_done_callback(self._ended)

    def _ended(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        if not call.cancelled() and (fault := call.exception()) is not None:
            # Nothing is expected to come here; it must not be lost if it does.
            _log.error("call broke", task=call.get_name(), fault=type(fault).__name__)

    async def _until_one_ends(self) -> None:
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({*self._calls, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()

    async def _settle(self) -> None:
        """Let the calls that run end, until the stop's deadline."""
        if self._calls:
            _log.info("worker stopping", worker=self._consumer, calls=len(self._calls))
            await asyncio.wait(self._calls, timeout=max(0.0, self._deadline - self._clock.monotonic()))

    async def _abandon(self) -> None:
        """Cancel the calls that are left, and wait a moment for them to end."""
        for call in self._calls:
            call.cancel()
        if self._calls:
            await asyncio.wait(self._calls, timeout=_FORCED_S)
