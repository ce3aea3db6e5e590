"""Everything that can happen to the protocol within these bounds, with all its rules, and with each one broken.

The bounds are small enough for every run of the suite; `python -m tests.model` goes as far as it is told.
"""

import pytest

from dispatcher.model.attempt import HOLDING, LIVE, TRANSITIONS, State
from tests.model import mirror, product, world
from tests.model.explore import Bounds, Found, explore
from tests.model.rules import ALL_ON
from tests.model.world import Faults

ONE_DISPATCHER = [
    Bounds(orders=1, dispatchers=1, faults=Faults(crashes=2)),
    Bounds(orders=1, dispatchers=1, faults=Faults(replies=1)),
    Bounds(orders=1, dispatchers=1, faults=Faults(losses=2)),
    Bounds(orders=1, dispatchers=1, faults=Faults(failovers=1)),
    Bounds(orders=1, dispatchers=1, faults=Faults(crashes=1, outages=1, stalls=1)),
    Bounds(orders=1, dispatchers=1, faults=Faults(crashes=1, retries=1)),
]
TWO_DISPATCHERS = [
    Bounds(orders=1, overlap=False, faults=Faults(crashes=1)),
    Bounds(orders=1),
]


def told(found: Found) -> str:
    return "\n".join((found.violation, *found.trace))


@pytest.mark.parametrize("bounds", [*ONE_DISPATCHER, *TWO_DISPATCHERS], ids=str)
def test_no_call_is_begun_twice_none_is_lost_and_no_order_held_without_a_fault(bounds: Bounds) -> None:
    found = explore(bounds)
    assert found.complete
    assert not found.violation, told(found)


@pytest.mark.parametrize(
    ("rule", "faults", "longest"),
    [
        pytest.param("enters_once", Faults(replies=1), 7, id="rule 1: a job enters the stream once"),
        pytest.param("marked_first", Faults(replies=1), 11, id="rule 2: an intent is given up once it is marked"),
        pytest.param("only_proof", Faults(), 11, id="rule 3: only what proves it is unbegun"),
        pytest.param("claimer_only", Faults(), 14, id="rule 3: gone from another than the claimer"),
        pytest.param("all_or_nothing", Faults(failovers=1), 8, id="rule 4: Redis forgets all or nothing"),
        pytest.param("short_lease", Faults(failovers=1), 8, id="rule 5: the lease is shorter than a failover"),
        pytest.param("sure_of_gone", Faults(failovers=1), 15, id="gone is believed of a Redis that is the same"),
        pytest.param("looks_again", Faults(failovers=1), 13, id="so is what taking back has found"),
        pytest.param("waits_always", Faults(losses=1), 14, id="a queue on a new Redis waits for a lease"),
        pytest.param("forgotten_stays", Faults(failovers=1), 17, id="no proof from before a loss is believed after it"),
        pytest.param("terms", Faults(losses=1, replies=1), 13, id="no step from before a loss goes on after it"),
    ],
)
def test_without_a_rule_somebody_is_called_twice(rule: str, faults: Faults, longest: int) -> None:
    found = explore(Bounds(orders=1, dispatchers=1, faults=faults), ALL_ON._replace(**{rule: False}))
    assert "begun" in found.violation, found.violation
    assert found.trace[-1].startswith("GETDEL and dial")
    assert len(found.trace) <= longest, told(found)


def test_nobody_is_called_twice_by_two_orders_two_workers_and_two_dispatchers_of_which_one_may_die() -> None:
    found = product.explore(Bounds(overlap=False, faults=Faults(crashes=1)))
    assert not found.violation, told(found)
    assert found.states > 50_000


@pytest.mark.parametrize(
    ("rule", "faults", "longest"),
    [
        pytest.param("enters_once", Faults(replies=1), 7, id="rule 1: a job enters the stream once"),
        pytest.param("marked_first", Faults(replies=1), 11, id="rule 2: an intent is given up once it is marked"),
        pytest.param("only_proof", Faults(), 11, id="rule 3: only what proves it is unbegun"),
    ],
)
def test_without_a_rule_it_is_found_among_two_orders_and_two_dispatchers(
    rule: str, faults: Faults, longest: int
) -> None:
    found = product.explore(Bounds(faults=faults), ALL_ON._replace(**{rule: False}))
    assert "begun" in found.violation, found.violation
    assert found.trace[-1].startswith("GETDEL and dial")
    assert len(found.trace) == longest, told(found)


@pytest.mark.parametrize(
    "bounds", [Bounds(dispatchers=1, workers=1, faults=Faults(crashes=1)), Bounds(dispatchers=1)], ids=str
)
def test_worlds_as_numbers_are_the_same_worlds(bounds: Bounds) -> None:
    by_one, by_many = explore(bounds), product.explore(bounds)
    assert (by_many.states, by_many.moves) == (by_one.states, by_one.moves)
    assert by_one.complete
    assert not by_one.violation, told(by_one)
    assert not by_many.violation


def test_what_nothing_excuses_is_told() -> None:
    """A worker that is silent for longer than its time leaves an order held, which is no fault of its own."""
    start = world.first(1, 1, Faults())
    held = mirror.doubt(start._replace(orders=(world.Order(jobs=(world.Job(),)),)), 0, 0, world.UNCERTAIN)
    assert held.credit == -1


def test_the_model_moves_attempts_as_the_mirror_does() -> None:
    """LOST is the model's own name for an uncertain attempt of which nothing but an outcome is believed.

    What an operator decides about an uncertain order is left out: it ends what the model is about.
    """
    number = {state: world.STATES.index(state.value) for state in State if state.value in world.STATES}
    assert {state.value for state in State} - set(world.STATES) == {"released"}
    for target, sources in mirror.SOURCES.items():
        following = State(world.STATES[target])
        theirs = {number[state] for state in number if following in TRANSITIONS[state]}
        assert sources - {world.LOST} == theirs, world.STATES[target]
    assert {number[state] for state in LIVE} == world.LIVE
    assert {number[state] for state in HOLDING} | {world.LOST} == world.HOLDING
