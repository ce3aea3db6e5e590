"""The way of one claimed call: take its document, dial, report.

    claimed ──GETDEL──▶ document ──dial──▶ outcome ──▶ reported
       │                   │                  └──▶ unknown: nothing is reported, the dispatcher holds the order
       └──▶ nil: gone      └──▶ too late, or stopping: gone

`gone` with the entry says that nobody began the call, and this worker alone could have: it claimed the entry. So `gone`
is also the truth when this worker took the document, or may have taken it and lost the answer, and did not dial.
"""

import asyncio
import json
import traceback

from dispatcher.clock import Clock
from dispatcher.errors import DispatcherError
from dispatcher.log import logger
from dispatcher.model.call import Call
from dispatcher.model.outcome import Outcome
from dispatcher.worker.answer import Dial, OutcomeReported, OutcomeUnknown, Result, failure, hidden, result_of
from dispatcher.worker.connection import WRITE_TIMEOUT_S, delays
from dispatcher.worker.steps import Entry, Steps

_log = logger(__name__)


class Placing:
    """Places claimed calls, one at a time for each call of `place`, until `stopping` is set."""

    def __init__(self, steps: Steps, clock: Clock, stopping: asyncio.Event, heartbeat_s: float) -> None:
        self._steps = steps
        self._clock = clock
        self._stopping = stopping
        self._heartbeat_s = heartbeat_s

    async def place(self, entry: Entry, dial: Dial) -> None:
        """Go the whole way of one claimed call. Expected faults are dealt with; only a cancellation comes out."""
        document = await self._take(entry)
        if document is None or self._stopping.is_set():
            result: Result | None = Result(Outcome.GONE)
        else:
            try:
                call = Call.from_document(json.loads(document), entry.id)
            except (ValueError, KeyError, TypeError, RecursionError) as fault:
                # The document is not quoted, which may hold a person's number; the fault names a field at most.
                told = f"{type(fault).__name__}: {fault}"
                _log.error("call malformed", job=entry.job, phone=entry.phone, fault=told)
                result = Result(Outcome.FAILED, f"the call document is malformed ({told})")
            else:
                result = await self._dial(entry, call, dial)
        if result is not None:
            await self._report(entry, result)

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the worker stops."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _take(self, entry: Entry) -> str | None:
        """Return the call document, None if it must not be dialled.

        After an error it is asked for again until the window has closed: the error may have come before the command or
        after it. A document that comes back is proof that it had not run; a nil, that nobody will dial it.
        """
        for delay in delays():
            asked = self._clock.monotonic()
            try:
                document = await self._steps.take(entry)
            except DispatcherError as fault:
                _log.warning("take failed", job=entry.job, phone=entry.phone, fault=str(fault))
            else:
                if self._clock.monotonic() - asked <= WRITE_TIMEOUT_S:
                    return document
                # The process was stopped between the question and the answer. The campaign may have been paused or
                # have closed since, and the document cannot say so any more.
                _log.warning("take too late", job=entry.job, phone=entry.phone)
                return None
            closed = entry.not_after is not None and self._clock.now().timestamp() * 1000 >= entry.not_after
            if closed or self._stopping.is_set():
                return None
            await self.pause(delay)
        raise AssertionError  # the delays have no end

    async def _dial(self, entry: Entry, call: Call, dial: Dial) -> Result | None:
        """Dial, tell operators meanwhile that the call runs, and return its result, None if there is none to report."""
        log = _log.bind(job=call.job, phone=entry.phone, campaign=call.campaign_uuid, order=call.call_order_uuid)
        log.info("call begun", attempt=call.attempt)
        # Told beside the dialling, not before it: nothing may delay a call whose document is gone already.
        told = asyncio.create_task(self._tell_begun(entry))
        over = asyncio.Event()
        beats = asyncio.create_task(self._keep_alive(entry, over))
        try:
            return result_of(await dial(call))
        except OutcomeUnknown as unknown:
            log.warning("outcome unknown", reason=hidden(str(unknown), call))
            return None
        except OutcomeReported:
            log.info("call ended")
            return None
        except asyncio.CancelledError:
            log.warning("call abandoned")
            raise
        except Exception as fault:  # noqa: BLE001 - whatever a dialer raises, the call has failed and is reported
            # Written out here rather than by the logger, which might add the values of variables: they hold the person.
            log.error("dial raised", traceback=hidden("".join(traceback.format_exception(fault)), call))  # noqa: TRY400
            return failure(fault, call)
        finally:
            # Both: a cancellation that meets the end of a command can be lost, and the outcome would never be told.
            over.set()
            beats.cancel()
            # So that the outcome never comes before it in the stream.
            await asyncio.wait({told, beats})

    async def _report(self, entry: Entry, result: Result) -> None:
        """Deliver an outcome, again and again until Redis has confirmed it or the worker's stop has lost patience."""
        log = _log.bind(job=entry.job, phone=entry.phone, outcome=result.outcome.value)
        try:
            for delay in delays():
                try:
                    await self._steps.finish(entry, result)
                except DispatcherError as fault:
                    log.warning("report failed", fault=str(fault))
                    await self._clock.sleep(delay)
                else:
                    log.info("call ended")
                    return
        except asyncio.CancelledError:
            log.error("outcome undelivered")  # noqa: TRY400 - a cancellation has no traceback worth keeping
            raise

    async def _tell_begun(self, entry: Entry) -> None:
        try:
            await self._steps.begun(entry)
        except DispatcherError as fault:
            _log.info("begun untold", job=entry.job, phone=entry.phone, fault=str(fault))

    async def _keep_alive(self, entry: Entry, over: asyncio.Event) -> None:
        while not over.is_set():
            await self._clock.sleep(self._heartbeat_s)
            try:
                if not await self._steps.alive(entry):
                    _log.warning("call already closed", job=entry.job, phone=entry.phone)
            except DispatcherError as fault:
                _log.info("heartbeat untold", job=entry.job, phone=entry.phone, fault=str(fault))
