"""The steps of a world of two orders, put together from steps of each, so that they can be looked up by numbers.

Two orders touch in few places: what their dispatchers and Redis know beside them (the rest of the world, here the
`scene`), how many workers are busy, whether a dispatcher is filling or taking back (one call at a time), and whether
there is a live attempt. So a step that is about one order is found once for each scene and order, and holds whatever
the other one is, if that leaves the resources which it needs. A step about all orders does to each what it would do to
it alone.

Each step is computed by the same functions as in `explore`, in a world where the other order is a stand-in.
"""

from typing import NamedTuple

from tests.model.explore import Bounds, moves, violated
from tests.model.moves import stopped
from tests.model.rules import Rules
from tests.model.sameness import canonical_order, canonical_scene
from tests.model.world import (
    ANSWERED,
    ASKED,
    DIALING,
    FOUND,
    LIVE,
    LOST,
    RUNNING,
    TAKING,
    UNCERTAIN,
    Job,
    Order,
    World,
    epoch_of,
    first,
)

_CREDIT = 8
"""More than any step takes."""

ANY = 99

_QUIET = Order(closed=1)
_IN_USE = Order(closed=1, jobs=(Job(sql=DIALING),))
"""Stand-ins for the other order: nothing may be done with them that is of any consequence to the first."""


class Local(NamedTuple):
    """A step about one order: what it leads to, what of the other order must not be, and what it breaks."""

    name: str
    scene: int
    order: int
    credit: int
    excluded: int
    most_busy: int
    broken: str


class Common(NamedTuple):
    """A step about all orders, as far as it concerns one; `credit` is what it takes of it, `base` what it gives."""

    name: str
    scene: int
    order: int
    credit: int
    base: int


class Row(NamedTuple):
    """What can happen in a scene to an order beside another.

    `stops` has for each dispatcher the scene and the order after its end, `deposes` the bits of those dispatchers that
    a step about this order would end.
    """

    local: tuple[Local, ...]
    common: tuple[Common, ...]
    stops: tuple[tuple[int, int], ...]
    deposes: int


class Tables:
    """Numbers for scenes and orders, in the order in which they were met, and the steps between them."""

    def __init__(self, bounds: Bounds, rules: Rules) -> None:
        if bounds.takes != 1 or bounds.orders != 2 or bounds.faults.failovers:
            raise ValueError("the tables are for two orders, one take_back at a time and no failover")
        self._bounds = bounds
        self._rules = rules
        self.scenes: list[World] = []
        self.orders: list[Order] = []
        self._scenes: dict[World, int] = {}
        self._orders: dict[Order, int] = {}
        start = first(2, bounds.dispatchers, bounds.faults)
        self.start = (self._scene(start), self._order(start))

    def world(self, scene: int, credit: int, *orders: int) -> World:
        """Return the world that a scene and orders make up."""
        return self.scenes[scene]._replace(credit=credit, orders=tuple(self.orders[number] for number in orders))

    def in_use(self, order: int) -> bool:
        """Whether the mirror knows of a live attempt of an order."""
        return any(job.sql in LIVE for job in self.orders[order].jobs)

    def busy(self, order: int) -> int:
        """Return how many workers an order keeps busy."""
        return sum(len(job.workers) for job in self.orders[order].jobs)

    def engaged(self, order: int) -> int:
        """Return the bits of what each dispatcher does with an order: filling, and taking back."""
        bits = 0
        for job in self.orders[order].jobs:
            for kind, term, _ in job.steps:
                if kind in {ASKED, ANSWERED}:
                    bits |= _filling(epoch_of(term))
                elif kind in {TAKING, FOUND}:
                    bits |= _taking(epoch_of(term))
        return bits

    def settled(self, order: int) -> bool:
        """Whether an order is resolved or held."""
        return self.orders[order].settled

    def row(self, scene: int, order: int, *, beside_one_in_use: bool) -> Row:
        """Return what can happen in a scene to an order, beside another that has a live attempt or none."""
        beside = _IN_USE if beside_one_in_use else _QUIET
        world = self.scenes[scene]._replace(credit=_CREDIT, orders=(self.orders[order], beside))
        local, common, deposes = [], [], 0
        for move in moves(world, self._bounds, self._rules):
            if move.about.startswith("order 0") and "deposed" not in move.name:
                local.append(self._local(world, move.name, move.world))
            elif move.about.startswith("order 0"):
                deposes |= 1 << int(move.name[-2])
            elif not move.about:
                common.append(self._common(world, move.name, move.world))
        stops = []
        for epoch, one in enumerate(world.dispatchers, start=1):
            after = stopped(world, epoch) if one.status == RUNNING else world
            stops.append((self._scene(after), self._order(after)))
        return Row(tuple(local), tuple(common), tuple(stops), deposes)

    def _local(self, world: World, name: str, after: World) -> Local:
        assert after.orders[1] == world.orders[1], name
        excluded, most_busy = 0, ANY
        if name.startswith("choose"):
            excluded = _filling(int(name[-2]))
        elif name.startswith("withdraw"):
            excluded = _taking(int(name[-2]))
        elif name.startswith("XREADGROUP"):
            most_busy = self._bounds.workers - world.busy() - 1
        return Local(
            name,
            self._scene(after),
            self._order(after),
            after.credit - world.credit,
            excluded,
            most_busy,
            violated(world, after),
        )

    def _common(self, world: World, name: str, after: World) -> Common:
        assert not violated(world, after), name
        own, others = (_doubted(new) - _doubted(old) for old, new in zip(world.orders, after.orders, strict=True))
        base = after.credit - world.credit + own + others
        return Common(name, self._scene(after), self._order(after), -own, base)

    def _scene(self, world: World) -> int:
        bare = canonical_scene(world)._replace(credit=0, orders=())
        if bare not in self._scenes:
            self._scenes[bare] = len(self.scenes)
            self.scenes.append(bare)
        return self._scenes[bare]

    def _order(self, world: World) -> int:
        order = canonical_order(world.orders[0], world, self._rules)
        if order not in self._orders:
            self._orders[order] = len(self.orders)
            self.orders.append(order)
        return self._orders[order]


def _filling(epoch: int) -> int:
    return 1 << 2 * epoch


def _taking(epoch: int) -> int:
    return 2 << 2 * epoch


def _doubted(order: Order) -> int:
    return sum(job.sql in {UNCERTAIN, LOST} for job in order.jobs)
