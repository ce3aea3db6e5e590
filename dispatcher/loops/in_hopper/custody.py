"""Whose the hopper is, and what to do when Redis has forgotten or is another one than before.

A queue is adopted once by each dispatcher before it is used. When a queue is gone, or Redis is a new process, the
documents that may still live there are left to expire: for one lease nothing is renewed or queued. Then every call of
the old time that nobody has reported is uncertain, for nothing proves that it was not begun; the queue is made anew.

A restart loses nothing if the server synced every write before it answered, both when it was last seen and when it
comes back, was alone (no replica could have taken its place), and each queue has its fence, its group as a dispatcher
has made it, and every entry that the mirror knows of. Then calls go on as if nothing had happened.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from dispatcher import metrics
from dispatcher.errors import LostHopperError, TransientError
from dispatcher.hopper import keys
from dispatcher.hopper.census import Census
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.loops.from_hopper.outcomes import apply_pending
from dispatcher.mirror import attempts, record
from dispatcher.mirror.attempts import Attempt
from dispatcher.model.attempt import LOST, UNBEGUN
from dispatcher.model.reasons import Code, Reason
from dispatcher.settings import durations

log = logger(__name__)

_TURN_S = 1.0


class Custody:
    """Which queues this dispatcher holds, and which are waiting for the documents of an old time to expire."""

    name = "custody"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._held: set[str] = set()
        self._recovering: dict[str, datetime] = {}
        self._found: Census | None = None
        self._known: Census | None = None
        self._keeps_all = False

    @property
    def recovering(self) -> frozenset[str]:
        """The phones whose queues are lost and wait to be settled."""
        return frozenset(self._recovering)

    @property
    def silent(self) -> str:
        """What of Redis does not answer while other servers do, as a sentence; empty if nothing."""
        silent = () if self._found is None else self._found.silent()
        slots = ", ".join(f"{first}-{last}" for first, last in silent)
        return f"Redis does not answer for the slots {slots}: the phones whose queues are there wait" if slots else ""

    def withheld(self, phones: Iterable[str]) -> dict[str, Reason]:
        """Return by its uuid, for each of these phones on whose queue nothing may be put for now, why."""
        lease = durations.text(self._context.settings.hopper.lease)
        settling = (
            "Redis has forgotten the phone's queue, or somebody has changed its keys: it is made anew"
            f" {lease} after that (hopper.lease); calls of which nothing is heard until then are held, and"
            " `dispatcher jobs --state uncertain` lists them"
        )
        away = f"{self.silent}, this phone among them: bring that server back, or let a replica take its place"
        return {
            phone: Reason(Code.QUEUE_RECOVERING, settling, self._recovering[phone])
            if phone in self._recovering
            else Reason(Code.QUEUE_UNREACHABLE, away)
            for phone in phones
            if phone in self._recovering or self._silent(phone)
        }

    async def hold(self, phone: str) -> bool:
        """Take charge of a phone's queue, if that has not been done; False if it must be left alone for now."""
        if self._found is None:
            await self.check_server()
        if phone in self._recovering or self._silent(phone):
            return False
        if phone in self._held:
            return True
        context = self._context
        live = await context.database.read(attempts.live, phone)
        try:
            await context.queue.adopt(phone, create=not live, known=_last_entry(live))
        except LostHopperError:
            self.lose(phone)
            return False
        self._held.add(phone)
        return True

    async def still_there(self, phone: str) -> bool:
        """Tell whether a phone's queue is there, and note it as lost if it is not: begun calls ask for no script."""
        if not await self.hold(phone):
            return False
        try:
            await self._context.queue.still(phone)
        except LostHopperError:
            self.lose(phone)
            return False
        return True

    async def sure(self, phone: str) -> bool:
        """Tell whether Redis is known, as of now, to be the same as ever and to have forgotten nothing of a phone."""
        return bool(await self.sure_of({phone}))

    async def sure_of(self, phones: Collection[str]) -> set[str]:
        """Return those phones of which Redis is known in this way."""
        await self.check_server()
        return {phone for phone in phones if phone not in self._recovering and not self._silent(phone)}

    def lose(self, phone: str) -> None:
        """Note that a queue is gone: it is left alone for one lease, from now on."""
        if phone in self._recovering:
            return
        metrics.LOST.inc()
        self._held.discard(phone)
        self._context.queue.lost(phone)
        self._recovering[phone] = self._context.clock.now() + self._context.settings.hopper.lease
        log.warning("hopper lost", phone=phone, settled_at=self._recovering[phone].isoformat())
        self._context.nudge("health")

    def release(self, phone: str) -> None:
        """Note that a queue has been removed: it is made anew before it is used again."""
        self._held.discard(phone)
        self._context.queue.lost(phone)

    async def run_once(self) -> float:
        """Look whether Redis is still the same, and settle the queues whose wait is over."""
        context = self._context
        try:
            await self.check_server()
            await self._look_at_server()
            await self._compare_clocks()
        except TransientError as fault:
            self._tell(Reason(Code.HOPPER_RECOVERING, str(fault)))
            raise
        now = context.clock.now()
        # A clock that was set back must not keep a queue waiting for longer than the lease.
        latest = now + context.settings.hopper.lease
        for phone, until in list(self._recovering.items()):
            if until <= now:
                await self._settle(phone, now)
            elif until > latest:
                self._recovering[phone] = latest
        self._tell(None)
        return _TURN_S

    def _tell(self, against: Reason | None) -> None:
        """Note what keeps the hopper from being used, and let everybody know at once if that is news."""
        if against != self._context.book.hopper:
            self._context.book.hopper = against
            self._context.nudge("health")
            self._context.nudge("dispatch")

    async def check_server(self) -> None:
        """Ask Redis who it is; the queues in use on a server that is another than before are lost."""
        context = self._context
        found = await context.watch.census()
        if found == self._found:
            return
        before, keeps_all = self._known, self._keeps_all
        if before is None and (life := await context.database.read(record.current)) is not None:
            before, keeps_all = (Census.read(life.run_id) if life.run_id else None), life.keeps_all
        # One that does not answer may come back as another.
        known = found if before is None else found.remembering(before)
        if before is not None and before != known:
            keeps_all = keeps_all and await context.watch.keeps_all(known)
            if keeps_all:
                log.warning("Redis was restarted and has kept everything", before=str(before), now=str(known))
                # Each queue is looked at again before it is used, and is lost after all if it is not as it was.
                for phone in self._held:
                    context.queue.lost(phone)
                self._held.clear()
            else:
                log.warning("Redis is another process than before", before=str(before), now=str(known))
                await self._lose_others(before, known)
        self._found, self._known, self._keeps_all = found, known, keeps_all
        if found.silent():
            log.warning("a part of Redis is silent", slots=found.silent())
        context.nudge("health")
        await context.database.write(record.seen_server, context.epoch, str(known), keeps_all=keeps_all)

    async def _lose_others(self, before: Census, now: Census) -> None:
        """Note that the queues in use are gone whose server is another than before."""
        in_use = await self._context.database.read(attempts.live_phones)
        # One without live attempts, too: the script of an intent that was given up may be on its way yet, and would
        # find neither the fence nor its mark on a queue that was made anew at once.
        lost = {phone for phone in in_use | self._held if not self._same(phone, before, now)}
        # Nothing may come between these two: a queue is either held or known to be lost.
        self._held -= lost
        for phone in sorted(lost):
            self.lose(phone)

    async def _look_at_server(self) -> None:
        """Note whether the server forgets nothing in a restart, for as long as it runs and is set as it is now."""
        context, known = self._context, self._known
        if known is None:
            return
        keeps_all = await context.watch.keeps_all(known)
        if keeps_all != self._keeps_all and known == self._known:
            self._keeps_all = keeps_all
            await context.database.write(record.seen_server, context.epoch, str(known), keeps_all=keeps_all)

    def _same(self, phone: str, before: Census, now: Census) -> bool:
        """Tell whether a phone's queue is where it was, as far as that was known before."""
        key = keys.calls(self._context.settings.redis.prefix, phone)
        return before.server(key) in {None, now.server(key)}

    def _silent(self, phone: str) -> bool:
        """Tell whether the server of a phone's queue did not answer when it was last asked, while others did."""
        key = keys.calls(self._context.settings.redis.prefix, phone)
        return self._found is not None and self._found.server(key) is None

    async def _compare_clocks(self) -> None:
        """Measure Redis's clock, by which documents expire, so that deadlines allow for the difference."""
        told = await self._context.watch.times()
        # Redis read its clock before now: taking it for now makes every deadline a little early, never late.
        now = self._context.clock.now()
        skews = [at - now for at in told]
        self._context.queue.skew = min(skews)
        self._context.book.skews["redis"] = max(skews, key=abs)

    async def _settle(self, phone: str, now: datetime) -> None:
        """Apply what workers still reported, hold what is left of the old time, and make the queue anew."""
        context = self._context
        await apply_pending(context, phone, _never_sure)
        old = await context.database.read(attempts.live, phone)
        doubted = await context.database.write(attempts.doubt, [one.job for one in old], LOST, now)
        metrics.UNCERTAIN.inc(len(doubted))
        unbegun = [one.job for one in old if one.state in UNBEGUN]
        # Anew even if all seems to be there: an entry of an attempt in doubt must not stay.
        await context.queue.adopt(phone, create=True, anew=True, bury=unbegun)
        del self._recovering[phone]
        self._held.add(phone)
        log.warning("hopper settled", phone=phone, uncertain=len(doubted))
        context.nudge("health")
        context.nudge("dispatch")


async def _never_sure(_: str) -> bool:
    """Of a queue that was lost nothing is known for sure."""
    return False


def _last_entry(live: Sequence[Attempt]) -> str:
    """Return the last entry that the mirror knows to have been made for these calls; empty if it knows of none."""
    # What only a worker has told may be of any stream.
    entries = [one.entry for one in live if one.entry is not None and one.queued_at is not None]
    return max(entries, key=lambda entry: tuple(map(int, entry.split("-"))), default="")
