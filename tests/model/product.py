"""Two orders, explored to the end: worlds as numbers of eight bytes, a breadth of them at once.

A world of two orders is a scene, a credit and two numbered orders (`tables`), the smaller number first, packed into 64
bits. What follows from a whole breadth of them is looked up and sorted by numpy: 50 bytes and a few microseconds a
world in place of 1.5 KB and hundreds. That no order is stuck for ever is asked of smaller bounds only (`explore`).
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.model.explore import Bounds, Found, moves, said, violated
from tests.model.rules import ALL_ON, Rules
from tests.model.sameness import canonical
from tests.model.tables import Tables
from tests.model.world import World

Numbers = NDArray[np.int64]

_CHUNK = 1_000_000
_LOOKED_AT = 1000
_ORDER_BITS, _CREDIT_BITS = 22, 4
_ORDER, _CREDIT = (1 << _ORDER_BITS) - 1, (1 << _CREDIT_BITS) - 1


class _Growing:
    """Rows of numbers that are added to."""

    def __init__(self, columns: int) -> None:
        self._room = np.zeros((1024, columns), np.int64)
        self.length = 0

    def add(self, rows: list[tuple[int, ...]]) -> None:
        while self.length + len(rows) > len(self._room):
            self._room = np.concatenate([self._room, np.zeros_like(self._room)])
        if rows:
            self._room[self.length : self.length + len(rows)] = rows
        self.length += len(rows)

    def column(self, number: int) -> Numbers:
        return self._room[:, number]


class _Parts(NamedTuple):
    """Worlds, taken apart."""

    scene: Numbers
    credit: Numbers
    one: Numbers
    other: Numbers


def _packed(parts: _Parts) -> Numbers:
    low, high = np.minimum(parts.one, parts.other), np.maximum(parts.one, parts.other)
    return (((parts.scene << _CREDIT_BITS | parts.credit) << _ORDER_BITS | low) << _ORDER_BITS) | high


def _apart(worlds: Numbers) -> _Parts:
    rest = worlds >> 2 * _ORDER_BITS
    return _Parts(rest >> _CREDIT_BITS, rest & _CREDIT, worlds >> _ORDER_BITS & _ORDER, worlds & _ORDER)


class _BrokenError(Exception):
    """A promise is broken; `args` are which, and the world before."""


class _Steps:
    """The tables as arrays, filled as worlds ask for them."""

    def __init__(self, bounds: Bounds, rules: Rules) -> None:
        self.tables = Tables(bounds, rules)
        self.bounds = bounds
        self._rows = np.full((64, 1024), -1, np.int32)
        """By scene and whether the other order is in use, and by order."""
        self._row = _Growing(5 + 2 * bounds.dispatchers)
        self._local = _Growing(6)
        self._common = _Growing(4)
        self._order = _Growing(3)
        self.broken: list[str] = [""]

    def start(self) -> Numbers:
        scene, order = self.tables.start
        return np.array([scene << _CREDIT_BITS + 2 * _ORDER_BITS | order << _ORDER_BITS | order], np.int64)

    def after(self, worlds: Numbers) -> Iterator[Numbers]:
        """Every world that may follow, some of them more than once. Raises _BrokenError."""
        parts = _apart(worlds)
        sides = [(parts.one, parts.other), (parts.other, parts.one)]
        self._know(worlds)
        rows = [self._find(parts.scene, one, other) for one, other in sides]
        for (_, other), row in zip(sides, rows, strict=True):
            yield self._of_one(parts, other, row, worlds)
        yield self._of_both(parts, rows, worlds)
        deposed = self._row.column(4)[rows[0]] | self._row.column(4)[rows[1]]
        for epoch in range(1, self.bounds.dispatchers + 1):
            ends = (deposed >> epoch & 1).astype(bool)
            scene, order = (self._row.column(3 + 2 * epoch + place) for place in (0, 1))
            one, other = (row[ends] for row in rows)
            yield _packed(_Parts(scene[one], parts.credit[ends], order[one], order[other]))

    def _of_one(self, parts: _Parts, other: Numbers, row: Numbers, worlds: Numbers) -> Numbers:
        here, at = _spread(self._row.column(0)[row], self._row.column(1)[row])
        scene, order, credit, excluded, most_busy, broken = (self._local.column(number)[at] for number in range(6))
        beside = other[here]
        free = (self._order.column(1)[beside] <= most_busy) & (self._order.column(2)[beside] & excluded == 0)
        here, scene, order, credit, broken = (one[free] for one in (here, scene, order, credit, broken))
        credit = parts.credit[here] + credit
        if broken.any():
            at_fault = int(np.flatnonzero(broken)[0])
            raise _BrokenError(self.broken[broken[at_fault]], worlds[here[at_fault]])
        self._check(credit, here, worlds)
        return _packed(_Parts(scene, credit, order, other[here]))

    def _of_both(self, parts: _Parts, rows: list[Numbers], worlds: Numbers) -> Numbers:
        starts, count = self._row.column(2), self._row.column(3)
        here, at = _spread(starts[rows[0]], count[rows[0]])
        beside, other = _spread(starts[rows[1]], count[rows[1]])
        assert np.array_equal(here, beside)
        (scene, one, taken, given), (same, two, also, _) = (
            tuple(self._common.column(number)[which] for number in range(4)) for which in (at, other)
        )
        assert np.array_equal(scene, same)
        credit = parts.credit[here] + given + taken + also
        self._check(credit, here, worlds)
        return _packed(_Parts(scene, credit, one, two))

    def _check(self, credit: Numbers, here: Numbers, worlds: Numbers) -> None:
        assert not len(credit) or credit.max() <= _CREDIT
        if len(credit) and credit.min() < 0:
            raise _BrokenError("more orders are uncertain than faults excuse", worlds[here[int(np.argmin(credit))]])

    def _find(self, scene: Numbers, one: Numbers, other: Numbers) -> Numbers:
        found: Numbers = self._rows[scene * 2 + self._order.column(0)[other], one].astype(np.int64)
        return found

    def _know(self, worlds: Numbers) -> None:
        """Fill the tables for what these worlds ask for."""
        parts = _apart(worlds)
        self._know_orders()
        for one, other in ((parts.one, parts.other), (parts.other, parts.one)):
            self._make_room()
            missing = self._find(parts.scene, one, other) < 0
            asked = (parts.scene * 2 + self._order.column(0)[other])[missing] << _ORDER_BITS | one[missing]
            for key in np.unique(asked).tolist():
                self._add(key >> _ORDER_BITS + 1, key & _ORDER, bool(key >> _ORDER_BITS & 1))
        self._know_orders()
        self._make_room()

    def _add(self, scene: int, order: int, in_use: bool) -> None:
        row = self.tables.row(scene, order, beside_one_in_use=in_use)
        starts = (self._local.length, len(row.local), self._common.length, len(row.common), row.deposes)
        self._rows[scene * 2 + in_use, order] = self._row.length
        self._row.add([starts + tuple(number for stop in row.stops for number in stop)])
        for step in row.local:
            if step.broken not in self.broken:
                self.broken.append(step.broken)
        self._local.add([(*step[1:6], self.broken.index(step.broken)) for step in row.local])
        self._common.add([step[1:5] for step in row.common])

    def _know_orders(self) -> None:
        tables = self.tables
        new = range(self._order.length, len(tables.orders))
        self._order.add([(int(tables.in_use(one)), tables.busy(one), tables.engaged(one)) for one in new])

    def _make_room(self) -> None:
        for axis, needed in enumerate((2 * len(self.tables.scenes), len(self.tables.orders))):
            while self._rows.shape[axis] < needed:
                self._rows = np.concatenate([self._rows, np.full_like(self._rows, -1)], axis)


def _spread(starts: Numbers, counts: Numbers) -> tuple[Numbers, Numbers]:
    """Return for each of so many places from each start: which start it belongs to, and the place."""
    here = np.repeat(np.arange(len(starts)), counts)
    before = np.cumsum(counts) - counts
    return here, np.arange(len(here)) - before[here] + starts[here]


class _Seen:
    """Worlds that have been reached, in sorted runs, each more than twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[Numbers] = []

    def new(self, worlds: Numbers) -> Numbers:
        """Return those of some sorted worlds that have not been reached."""
        for run in self._runs:
            at = np.searchsorted(run, worlds)
            at[at == len(run)] = 0
            worlds = worlds[run[at] != worlds]
        return worlds

    def add(self, worlds: Numbers) -> None:
        self._runs.append(worlds)
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = np.sort(np.concatenate([self._runs[-1], last]), kind="stable")


def explore(
    bounds: Bounds, rules: Rules = ALL_ON, tell: Callable[[int, int], Any] = lambda _depth, _states: None
) -> Found:
    """Explore until something is found or everything has been seen; `tell` is called at each depth."""
    began = time.monotonic()
    steps, seen = _Steps(bounds, rules), _Seen()
    layers = [steps.start()]
    seen.add(layers[0])
    states, made = 1, 0
    violation, trace = "", list[str]()
    try:
        while len(layers[-1]):
            found: list[Numbers] = []
            for start in range(0, len(layers[-1]), _CHUNK):
                for worlds in steps.after(layers[-1][start : start + _CHUNK]):
                    made += len(worlds)
                    found.append(seen.new(np.unique(worlds)))
                found = [np.unique(np.concatenate(found))]
            layers.append(found[0])
            seen.add(found[0])
            states += len(found[0])
            tell(len(layers) - 1, states)
    except _BrokenError as broken:
        violation, before = broken.args
        trace = _trace(steps, rules, layers, int(before))
    return Found(violation, tuple(trace), states, made, len(layers) - 1, time.monotonic() - began, True)


def _trace(steps: _Steps, rules: Rules, layers: list[Numbers], last: int) -> list[str]:
    """Return the steps that lead to a world of the last layer, and the one there that breaks a promise."""
    world = _world(steps, last)
    words = [next(said(move) for move in moves(world, steps.bounds, rules) if violated(world, move.world))]
    target = last
    for layer in reversed(layers[:-1]):
        target, word = _before(steps, rules, layer, target)
        words.insert(0, word)
    return words


def _before(steps: _Steps, rules: Rules, layer: Numbers, target: int) -> tuple[int, str]:
    """Return a world of a layer from which another follows, and the step between them."""
    ends = canonical(_world(steps, target), rules)
    for start in range(0, len(layer), _LOOKED_AT):
        some = layer[start : start + _LOOKED_AT]
        if not any((worlds == target).any() for worlds in steps.after(some)):
            continue
        for before in some.tolist():
            for move in moves(_world(steps, before), steps.bounds, rules):
                if canonical(move.world, rules) == ends:
                    return before, said(move)
    raise AssertionError("a world that was reached from nowhere")


def _world(steps: _Steps, packed: int) -> World:
    scene, credit, one, other = (int(part[0]) for part in _apart(np.array([packed], np.int64)))
    return steps.tables.world(scene, credit, one, other)
