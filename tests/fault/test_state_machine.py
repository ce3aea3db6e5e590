"""The real loops on a real Redis and SQLite, driven step by step in any order, beside a telephone log that keeps count.

Every loop's turn, every command of a worker and every fault is a rule, so that Hypothesis finds the order in which they
go wrong and shortens it. Time is a hand's: it moves when a rule moves it, and what Redis would have let expire by then
is removed. `pytest --hypothesis-profile=searching --hypothesis-seed N` repeats a run; without that profile Hypothesis
always makes the same one, whatever the seed.
"""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import redis
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from dispatcher.hopper import keys
from dispatcher.mirror import brakes, do_not_call, record, schema
from dispatcher.mirror.database import Database
from dispatcher.model.attempt import LIVE, State
from dispatcher.model.brakes import Scope
from tests.fault.by_hand import (
    CALL,
    CLAIM,
    CONCURRENCY,
    LEASE,
    PHONE,
    PREFIX,
    Claim,
    Hand,
    Running,
    all_attempts,
    claimed,
    documents,
    expire,
    given_back,
    grow_idle,
    reported,
    send,
    unsettled,
)
from tests.integration.mirror.things import number, put_order
from tests.servers import Redis

WORDS = st.sampled_from(["completed", "no-answer", "do-not-call", "a word that nobody knows"])
ROUND = ("custody", "outcomes", "reap", "tend", "dispatch")
MOST_ORDERS = 6
AGAIN = {"no-answer", "a word that nobody knows"}
"""After these outcomes a person may be called again."""


class Calls(RuleBasedStateMachine):
    """Dispatchers, workers, an operator, and what befalls them."""

    url: ClassVar[str]
    mirror: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        shutil.copy(self.mirror, self.folder / "mirror.db")
        self.database = Database(f"sqlite:///{self.folder / 'mirror.db'}")
        self.redis = redis.Redis.from_url(self.url, decode_responses=True, protocol=3)
        self.redis.flushall()
        self.clock = Hand()
        self.stack = AsyncExitStack()
        self.claims: list[Claim] = []
        self.ended: list[Claim] = []
        self.placed = 0
        self.workers = 0
        self.paused = False
        self.braked = False
        self.begun: Counter[str] = Counter()
        self.last_begun: dict[str, str] = {}
        self.last_word: dict[str, str] = {}
        self.excused: set[str] = set()
        self.old: Running | None = None

    def run(self, step: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(step)

    # The dispatcher.

    @initialize()
    def has_begun(self) -> None:
        """Two orders are queued, as most of the time some are."""
        self.starts()
        self.adds_an_order()
        self.adds_an_order()
        self.has_a_round()

    def starts(self) -> None:
        epoch = self.database.run_write(record.begin_epoch, "here", self.clock.now())
        self.current = Running(self.database, self.clock, self.url, self.stack, epoch)
        self.run(self.current.turn("custody", reports=False))

    @rule(name=st.sampled_from(["custody", "dispatch", "dispatch", "tend", "reap", "outcomes"]))
    def turns(self, name: str) -> None:
        assert self.run(self.current.turn(name, reports=reported(self.redis))), "the dispatcher in charge was deposed"
        if name == "tend":
            self.braked = self.paused and not self.current.custody.recovering
        if self.braked and self.old is None:
            assert not documents(self.redis), "a call is offered although a pause is known"

    @rule()
    def has_a_round(self) -> None:
        for name in ROUND:
            self.turns(name)

    @rule()
    def restarts(self) -> None:
        """The dispatcher dies and another starts; the old one may only have been asleep."""
        self.old = self.current
        self.braked = False
        self.starts()

    @precondition(lambda self: self.old is not None)
    @rule(name=st.sampled_from(["custody", "dispatch", "tend", "reap"]))
    def wakes(self, name: str) -> None:
        assert self.old is not None
        if not self.run(self.old.turn(name, reports=False)):
            self.old = None

    # The operator.

    @precondition(lambda self: self.placed < MOST_ORDERS)
    @rule()
    def adds_an_order(self) -> None:
        self.placed += 1
        with self.database.connect(write=True) as connection:
            put_order(connection, f"order_{self.placed}", self.placed)

    @rule(on=st.booleans())
    def brakes(self, on: bool) -> None:
        if on:
            self.database.run_write(brakes.place, Scope.ALL, None, "a test", self.clock.now())
        else:
            self.database.run_write(brakes.lift, Scope.ALL, None, self.clock.now())
            self.braked = False
        self.paused = on

    @precondition(lambda self: self.placed)
    @rule(data=st.data())
    def forbids_a_number(self, data: st.DataObject) -> None:
        which = data.draw(st.integers(1, self.placed))
        self.database.run_write(do_not_call.add, {number(which): "a test"}, "a test", self.clock.now())

    # Workers.

    @rule()
    def claims_and_begins_a_call(self) -> None:
        held = len(self.claims)
        self.claims_a_call()
        for claim in self.claims[held:]:
            self.takes(claim)

    @rule()
    def claims_a_call(self) -> None:
        self.workers += 1
        self.claims += claimed(self.redis, f"worker-{self.workers}")

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def begins(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        assume(not claim.begun)
        self.takes(claim)

    def takes(self, claim: Claim) -> bool:
        """GETDEL: begin the call, or say that there is none."""
        if self.redis.getdel(keys.call(PREFIX, PHONE, claim.job)) is None:
            self.reports(claim, "gone")
            return False
        claim.begun = True
        self.begun[claim.job] += 1
        assert self.begun[claim.job] == 1, "an attempt was begun twice"
        before = self.last_begun.get(claim.order)
        assert before is None or self.last_word.get(before) in AGAIN, "an order was begun that was begun before"
        self.last_begun[claim.order] = claim.job
        assert claim.job not in self.database.run(given_back), "a call was begun that was given back"
        return True

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), word=WORDS)
    def ends(self, data: st.DataObject, word: str) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        self.reports(claim, word if claim.begun else "gone")

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def says_begun(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        assume(claim.begun)
        self.redis.xadd(keys.outcomes(PREFIX, PHONE), {"job": claim.job, "entry": claim.entry, "outcome": "begun"})

    @precondition(lambda self: self.ended)
    @rule(data=st.data())
    def repeats_a_report(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.ended))
        send(self.redis, claim, self.last_word[claim.job])

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def dies(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        self.claims.remove(claim)
        self.excused.add(claim.job)

    def reports(self, claim: Claim, word: str) -> None:
        self.claims.remove(claim)
        self.ended.append(claim)
        self.last_word[claim.job] = word
        send(self.redis, claim, word)

    # What befalls them.

    @rule()
    def forgets(self) -> None:
        """FLUSHALL."""
        self.excused |= {job for job, _, state in self.database.run(all_attempts) if State(state) in LIVE}
        self.redis.flushall()

    @rule(by=st.sampled_from([timedelta(seconds=2), LEASE / 3, LEASE, CLAIM, CALL]))
    def passes(self, by: timedelta) -> None:
        """Time passes, and Redis lets expire what was to live no longer."""
        if by >= CALL:
            self.excused |= {claim.job for claim in self.claims}  # their workers are silent for too long
        self.clock.moved += by
        expire(self.redis, self.clock.now())
        grow_idle(self.redis, by)

    # What must hold.

    @invariant()
    def no_more_is_under_way_than_may_be(self) -> None:
        live = [order for _, order, state in self.database.run(all_attempts) if State(state) in LIVE]
        assert len(live) == len(set(live)), "two live attempts of an order"
        assert len(live) <= CONCURRENCY, "more calls than slots"

    def teardown(self) -> None:
        """Let everything come to its end, without further faults; then nothing may be left, and nothing unexcused."""
        try:
            if hasattr(self, "current"):
                self.drain()
        finally:
            self.run(self.stack.aclose())
            self.runner.close()
            self.database.close()
            self.redis.close()
            shutil.rmtree(self.folder)

    def drain(self) -> None:
        self.old = None
        self.brakes(on=False)
        for turn in range(60):
            if not self.database.run(unsettled):
                break
            self.has_a_round()
            for _ in range(CONCURRENCY):
                self.claims_a_call()
            for claim in list(self.claims):
                if claim.begun or self.takes(claim):
                    self.reports(claim, "completed")
            self.passes(LEASE / 3 if turn % 4 else CALL)
        assert not self.database.run(unsettled), "an order is neither resolved nor held"
        held = {job for job, _, state in self.database.run(all_attempts) if state == State.UNCERTAIN}
        assert held <= self.excused, "an order is held that nothing befell"


@pytest.fixture
def machine(redis_server: Redis, tmp_path: Path) -> type[Calls]:
    mirror = tmp_path / "mirror.db"
    database = Database(f"sqlite:///{mirror}")
    database.run_write(schema.upgrade)
    database.close()

    class Machine(Calls):
        url = redis_server.url

    Machine.mirror = mirror
    return Machine


@pytest.mark.timeout(600)  # a failure is made shorter for up to five minutes
def test_whatever_happens_in_whatever_order_nobody_is_called_twice_and_nobody_forgotten(machine: type[Calls]) -> None:
    bounds = settings(max_examples=15, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck))
    run_machine(machine, settings=bounds)
