"""The steps of the queue protocol that follow a claim, each one plain command or one transaction.

None of them is repeated here. Each raises TransientError or PermanentError when it is not known to have run, which
does not mean that it did not run: its answer may have been lost.
"""

from dataclasses import dataclass

from redis.exceptions import ResponseError

from dispatcher.hopper import keys
from dispatcher.hopper.servers import Hopper, at
from dispatcher.log import logger
from dispatcher.model.outcome import BEGUN
from dispatcher.worker.answer import Result
from dispatcher.worker.connection import translated

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One claimed entry of a phone's stream of calls; `not_after` is in ms since the epoch, None if not readable."""

    phone: str
    id: str
    job: str
    not_after: int | None


class Steps:
    """What one consumer does with the entries that it has claimed."""

    def __init__(self, hopper: Hopper, prefix: str, consumer: str) -> None:
        self._hopper = hopper
        self._prefix = prefix
        self._consumer = consumer

    async def take(self, entry: Entry) -> str | None:
        """Take the call document: the point of no return. None when it is revoked, expired or taken.

        None too where something stands that is no document: asking again would get nobody one.
        """
        with translated("taking a call"):
            key = keys.call(self._prefix, entry.phone, entry.job)
            try:
                document = await (await at(self._hopper, key)).getdel(key)
            except ResponseError as error:
                if not str(error).startswith("WRONGTYPE"):
                    raise
                _log.error("no document", job=entry.job, phone=entry.phone, fault=str(error))
                document = None
        return None if document is None else str(document)

    async def begun(self, entry: Entry) -> None:
        """Tell operators that the call has begun."""
        with translated("telling that a call has begun"):
            stream = keys.outcomes(self._prefix, entry.phone)
            await (await at(self._hopper, stream)).xadd(
                stream,
                {"job": entry.job, "entry": entry.id, "outcome": BEGUN, "worker": self._consumer},
            )

    async def alive(self, entry: Entry) -> bool:
        """Tell that the call goes on; False when the dispatcher has already closed it.

        This is the one XCLAIM of a worker, and it is of an entry that it already owns.
        """
        with translated("telling that a call goes on"):
            calls = keys.calls(self._prefix, entry.phone)
            client = await at(self._hopper, calls)
            claimed = await client.xclaim(calls, keys.GROUP, self._consumer, 0, [entry.id], justid=True)
        return bool(claimed)

    async def finish(self, entry: Entry, result: Result) -> None:
        """Report the outcome and remove the entry, both or neither. Running it twice is harmless."""
        fields = {
            "job": entry.job,
            "entry": entry.id,
            "outcome": result.outcome.value,
            "detail": result.detail,
            "call_id": result.call_id,
        }
        calls = keys.calls(self._prefix, entry.phone)
        with translated("reporting an outcome"):
            async with (await at(self._hopper, calls)).pipeline(transaction=True) as transaction:
                transaction.xadd(
                    keys.outcomes(self._prefix, entry.phone),
                    {name: value for name, value in fields.items() if value is not None},
                )
                transaction.xack(calls, keys.GROUP, entry.id)
                transaction.xdel(calls, entry.id)
                await transaction.execute()
