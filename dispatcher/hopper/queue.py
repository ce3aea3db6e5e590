"""One phone's queue, as the dispatcher handles it: adopt, enqueue, renew, take back.

Every method is one script, and every script is safe to run twice. Deadlines are instants of the host's clock; `skew`
turns them into instants of Redis's.

A phone's term counts how often this dispatcher has noticed the loss of its queue. A script does nothing on a queue that
was adopted in another term than that in which its step began (`guard.lua`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha1
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ResponseError

from dispatcher.errors import DeposedError, LostHopperError, TransientError
from dispatcher.hopper import keys
from dispatcher.hopper.connection import translated
from dispatcher.hopper.servers import Hopper, at


class Finding(StrEnum):
    """What taking a job back has shown; the script's head says what each word proves."""

    TAKEN = "taken"
    LAPSED = "lapsed"
    CLAIMED = "claimed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class QueuedCall:
    """A call on its way into the hopper: its ids, its document, and until when that may live."""

    job: str
    campaign: str
    order: str
    assistant: str
    not_after: datetime
    expires_at: datetime
    document: bytes


class Queue:
    """The queues of all phones, held by the dispatcher of one epoch."""

    def __init__(self, hopper: Hopper, prefix: str, epoch: int) -> None:
        self._hopper = hopper
        self._prefix = prefix
        self._epoch = epoch
        self._terms = Counter[str]()
        names = ("adopt", "enqueue", "renew", "sweep", "take_back")
        self._scripts = {name: _source("guard") + _source(name) for name in names}
        self._digests = {
            name: sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in self._scripts.items()
        }
        self.skew = timedelta(0)  # Redis's clock minus the host's, measured so that a deadline errs to the early side

    def term(self, phone: str) -> int:
        """Return a phone's term; whoever will queue calls asks for it before they are chosen."""
        return self._terms[phone]

    def lost(self, phone: str) -> None:
        """Begin a new term of a phone: its queue was lost, and is used no more before it is adopted again."""
        self._terms[phone] += 1

    async def adopt(
        self, phone: str, *, create: bool, anew: bool = False, bury: Sequence[str] = (), known: str = ""
    ) -> None:
        """Take charge of a phone's queue, and make it if `create` and it is not whole, or in any case if `anew`.

        No job of `bury` enters it any more, however late its script comes. `known` is the last entry that the mirror
        knows of: a queue that does not is as good as gone. LostHopperError if the queue is gone and `create` does not
        allow to make it; DeposedError if a later dispatcher is in charge.
        """
        make = "2" if anew else "1" if create else "0"
        await self._adopt(phone, make, known, bury)

    async def still(self, phone: str) -> None:
        """See that a queue that was adopted in this term is as it was. LostHopperError if it is not."""
        await self._adopt(phone, "-")

    async def _adopt(self, phone: str, make: str, known: str = "", bury: Sequence[str] = ()) -> None:
        await self._run("adopt", phone, bury, [make, known], keys.outcomes(self._prefix, phone))
        try:
            with translated():
                await (await at(self._hopper, keys.phones(self._prefix))).sadd(keys.phones(self._prefix), phone)
        except TransientError:
            if isinstance(self._hopper, Redis):
                raise
            # A fault of the shard that holds the set is none of this phone's; each adoption tries again to add it.

    async def enqueue(self, phone: str, queued: Sequence[QueuedCall], term: int | None = None) -> list[str | None]:
        """Queue calls; return for each the id of its entry, or None if it was taken back before or comes too late.

        `term` is that of when the calls were chosen; the present one if they could not have been given up since.
        """
        arguments: list[str | bytes | int] = []
        for one in queued:
            arguments += [one.job, one.campaign, one.order, one.assistant, _ms(one.not_after)]
            arguments += [self._deadline(one.expires_at), one.document]
        answers = await self._run("enqueue", phone, [one.job for one in queued], arguments, term=term)
        return [answer if "-" in answer else None for answer in answers]

    async def renew(self, phone: str, deadlines: Mapping[str, datetime]) -> dict[str, bool]:
        """Let jobs' documents live until their deadlines; return which of them are there."""
        expiries = [self._deadline(deadline) for deadline in deadlines.values()]
        answers = await self._run("renew", phone, list(deadlines), expiries)
        return {job: bool(int(answer)) for job, answer in zip(deadlines, answers, strict=True)}

    async def take_back(self, phone: str, jobs: Mapping[str, bool | str]) -> dict[str, Finding]:
        """Take jobs back before anyone begins them; return what was found of each.

        A job's value is True if it may never have entered the stream (an intent younger than `keys.SEEN_MS`): then
        the absence of every trace proves that it did not, and it never will. It is the job's entry where that is known,
        by which it is found when its mark has outlived its time; else False.
        """
        known = [proof if isinstance(proof, str) else str(int(proof)) for proof in jobs.values()]
        answers = await self._run("take_back", phone, list(jobs), known)
        return {job: Finding(answer) for job, answer in zip(jobs, answers, strict=True)}

    async def sweep(self, phone: str) -> bool:
        """Remove the queue of a phone that nobody uses any more; False if there is a call or a report in it."""
        [gone] = await self._run("sweep", phone, (), (), keys.outcomes(self._prefix, phone))
        return bool(int(gone))

    async def _run(
        self,
        script: str,
        phone: str,
        jobs: Sequence[str],
        arguments: Sequence[str | bytes | int],
        *more: str,
        term: int | None = None,
    ) -> list[str]:
        names = [keys.fence(self._prefix, phone), keys.calls(self._prefix, phone)]
        for job in jobs:
            names += [keys.seen(self._prefix, phone, job), keys.call(self._prefix, phone, job)]
        names += more
        # One number, so that a dispatcher of an earlier version sees in it a later epoch than its own.
        told = f"{self._epoch}.{self._terms[phone] if term is None else term:06}"
        head: list[str | bytes | int] = [told, keys.FENCE_MS, keys.SEEN_MS]
        with translated():
            try:
                answer = await self._send(script, names, [*head, *arguments])
            except ResponseError as fault:
                if "WRONGTYPE" not in str(fault):
                    raise
                raise LostHopperError(phone) from fault
        match str(answer[0]):
            case "deposed":
                raise DeposedError("another dispatcher has taken over this hopper; only one may run on a prefix")
            case "lost":
                raise LostHopperError(phone)
            case "late":
                raise TransientError(f"the queue of phone {phone} was made anew before a step came that began earlier")
        return [str(word) for word in answer[1:]]

    async def _send(self, script: str, names: Sequence[str], arguments: Sequence[str | bytes | int]) -> Any:
        client = await at(self._hopper, names[0])
        try:
            return await client.evalsha(self._digests[script], len(names), *names, *arguments)
        except NoScriptError:
            # Another server than before, or one that has been restarted: it learns the script by this.
            return await client.eval(self._scripts[script], len(names), *names, *arguments)

    def _deadline(self, at: datetime) -> int:
        return _ms(at + self.skew)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _source(name: str) -> str:
    return files("dispatcher.hopper").joinpath("scripts", f"{name}.lua").read_text(encoding="utf-8")
