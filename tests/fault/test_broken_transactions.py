"""PostgreSQL breaks off at any statement of a call's whole way: before it ran, after it ran, or by ending the session.

The loops are turned by hand, so that every place is visited and no wait costs time. The first dialer that claims a call
dies, so that the way of each order leads by a call that is taken back. What the dispatcher does next must be right
whether the statement, or the commit, has happened or not.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import redis
from sqlalchemy import select
from sqlalchemy.engine import make_url

from dispatcher.errors import TransientError
from dispatcher.hopper import keys
from dispatcher.mirror import record, schema
from dispatcher.mirror.database import Database
from dispatcher.mirror.tables import orders
from dispatcher.model.attempt import State
from tests.fault.by_hand import (
    CLAIM,
    LEASE,
    PHONE,
    PREFIX,
    Hand,
    Running,
    all_attempts,
    claimed,
    expire,
    grow_idle,
    reported,
    send,
    unsettled,
)
from tests.fault.proxy import Proxy, proxied
from tests.integration.mirror.things import put_order
from tests.servers import Postgres, end_sessions

_ROUND = ("custody", "reap", "dispatch", "outcomes", "tend")
_MOST_ROUNDS = 60


class ByProxy:
    """A dispatcher whose statements go by way of a proxy, its dialer, and what came of each order."""

    def __init__(self, proxy: Proxy, straight: str, redis_url: str, stack: AsyncExitStack) -> None:
        self.proxy = proxy
        self.url = straight
        self.database = Database(straight)
        self.database.run_write(schema.upgrade)
        stack.callback(self.database.close)
        self.clock = Hand()
        url = make_url(straight).set(host="127.0.0.1", port=proxy.port, query={})
        self.proxied = Database(url.render_as_string(hide_password=False))
        stack.callback(self.proxied.close)
        epoch = self.database.run_write(record.begin_epoch, "here", self.clock.now())
        self.dispatcher = Running(self.proxied, self.clock, redis_url, stack, epoch)
        self.redis: Any = stack.enter_context(redis.Redis.from_url(redis_url, decode_responses=True, protocol=3))
        self.begun = Counter[str]()
        self.claimed = set[str]()
        self.placed = 0
        self.faults = Counter[str]()

    async def round(self) -> None:
        """Let every loop have its turn and the dialer make its calls."""
        for name in _ROUND:
            try:
                assert await self.dispatcher.turn(name, reports=reported(self.redis)), "deposed by nobody"
            except TransientError as fault:
                self.faults[str(fault)] += 1
            if name == "dispatch":
                self.dial()

    def dial(self) -> None:
        """Call whoever may be called, but for what a dialer claims that dies."""
        while claims := claimed(self.redis, "dialer"):
            for claim in claims:
                if claim.order not in self.claimed:
                    self.claimed.add(claim.order)
                    grow_idle(self.redis, CLAIM)
                    return
                there = self.redis.getdel(keys.call(PREFIX, PHONE, claim.job)) is not None
                self.begun[claim.order] += there
                send(self.redis, claim, "completed" if there else "gone")

    def passes(self, by: timedelta) -> None:
        """Let time pass, and Redis let expire what was to live no longer."""
        self.clock.moved += by
        expire(self.redis, self.clock.now())
        grow_idle(self.redis, by)

    async def life_of_an_order(self) -> str:
        """Go the whole way of an order, however often that takes, and return its id."""
        self.placed += 1
        order = f"order_{self.placed}"
        with self.database.connect(write=True) as connection:
            put_order(connection, order, self.placed)
        for _ in range(_MOST_ROUNDS):
            await self.round()
            if not self.database.run(unsettled):
                return order
            self.passes(LEASE / 3)
        raise AssertionError(f"{order} is not settled: {self.database.run(all_attempts)[-3:]}, {self.faults}")

    async def cut(self) -> None:
        """End every connection from this side: the statement does not run."""
        self.proxy.hang_up()

    async def end(self) -> None:
        """Have PostgreSQL end every session."""
        end_sessions(self.url)


@pytest.fixture
async def system(postgres_server: Postgres, redis_url: str) -> AsyncIterator[ByProxy]:
    straight = postgres_server.fresh()
    socket = make_url(straight).query["host"]
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(proxied(path=f"{socket}/.s.PGSQL.5432"))
        yield ByProxy(proxy, straight, redis_url, stack)


@pytest.mark.parametrize(("how", "stride"), [("after", 1), ("before", 3), ("ended", 3)])
async def test_wherever_postgres_breaks_off_each_person_is_called_once(system: ByProxy, how: str, stride: int) -> None:
    """A lost answer at every place shows all that SQL can be left with; other ends of a session look different."""
    proxy = system.proxy
    arm: dict[str, Callable[[int], None]] = {
        "before": partial(proxy.act_before, system.cut),
        "after": proxy.lose_reply,
        "ended": partial(proxy.act_before, system.end),
    }
    await system.life_of_an_order()
    place = 0
    while True:
        arm[how](place)
        await system.life_of_an_order()
        if proxy.armed:
            break
        place += stride
    proxy.disarm()
    assert system.faults.total() > system.placed / 2, "no turn of a loop was broken off"
    assert system.begun == dict.fromkeys((f"order_{number + 1}" for number in range(system.placed)), 1)
    ended = Counter(state for _, _, state in system.database.run(all_attempts))
    assert ended[State.UNCERTAIN] == 0
    assert ended[State.FINISHED] == system.placed
    charged = system.database.run(lambda connection: connection.execute(select(orders.c.attempts)).scalars().all())
    assert set(charged) == {1}
