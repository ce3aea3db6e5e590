import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rules.fairness import Turns, share_of

MANY = 1000

names = st.text("abcd", min_size=1, max_size=2)
weighed = st.dictionaries(names, st.integers(1, 5), min_size=1, max_size=6)


def served(turns: Turns, rooms: dict[str, int], weights: dict[str, int], slots: list[int]) -> tuple[list[str], Turns]:
    """Who was served, in the order of the shares."""
    found = []
    for free in slots:
        given_, turns = turns.share(rooms, weights, free)
        found += [name for name, calls in given_.items() for _ in range(calls)]
    return found, turns


@pytest.mark.parametrize("slots", [0, -1])
def test_without_slots_nothing_changes(slots: int) -> None:
    turns = Turns("a", visiting=True, left={"a": 2})
    assert turns.share({"a": 5, "b": 5}, {}, slots) == ({}, turns)


def test_without_campaigns_nobody_has_a_turn() -> None:
    assert Turns("a").share({}, {}, 5)[0] == {}


def test_campaigns_take_turns_and_go_on_where_they_were() -> None:
    rooms = dict.fromkeys("cab", MANY)
    assert served(Turns(), rooms, {}, [1] * 5)[0] == ["a", "b", "c", "a", "b"]
    assert Turns("a").share(rooms, {}, 4)[0] == {"b": 1, "c": 1, "a": 1} | {"b": 2}
    assert Turns("bb").share(rooms, {}, 1)[0] == {"c": 1}


def test_a_campaign_has_as_many_calls_in_turn_as_it_weighs() -> None:
    rooms = dict.fromkeys("ab", MANY)
    assert "".join(served(Turns(), rooms, {"a": 3}, [1] * 9)[0]) == "aaabaaaba"
    assert Turns().share(rooms, {"a": 3}, 8)[0] == {"a": 6, "b": 2}


def test_a_visit_that_is_cut_short_goes_on_when_there_are_slots_again() -> None:
    given_, turns = Turns().share({"a": MANY, "b": MANY}, {"a": 3}, 2)
    assert (given_, turns.last, turns.visiting) == ({"a": 2}, "a", True)
    assert turns.share({"a": MANY, "b": MANY}, {"a": 3}, 2)[0] == {"a": 1, "b": 1}


def test_one_that_ran_dry_loses_what_it_had_left_and_the_others_go_on() -> None:
    _, turns = Turns().share({"a": MANY, "b": MANY}, {"a": 3}, 1)
    given_, turns = turns.share({"b": MANY}, {"a": 3}, 2)
    assert given_ == {"b": 2}
    assert served(turns, {"a": MANY, "b": MANY}, {"a": 3}, [1] * 5)[0] == ["a", "a", "a", "b", "a"]


def test_what_a_full_ceiling_kept_back_comes_at_the_next_visit_up_to_one_visit() -> None:
    turns = Turns()
    for _ in range(5):
        given_, turns = turns.share({"a": 0, "b": MANY}, {"a": 2}, 1)
        assert given_ == {"b": 1}
    assert "".join(served(turns, {"a": MANY, "b": MANY}, {"a": 2}, [1] * 8)[0]) == "aaaabaab"


@given(
    weights=weighed,
    steps=st.lists(st.tuples(st.integers(-1, 12), st.dictionaries(names, st.integers(0, 6))), max_size=40),
)
def test_no_interleaving_gives_more_than_there_is_or_leaves_a_slot_that_somebody_could_use(
    weights: dict[str, int], steps: list[tuple[int, dict[str, int]]]
) -> None:
    turns = Turns()
    for slots, rooms in steps:
        given_, turns = turns.share(rooms, weights, slots)
        assert all(0 < calls <= rooms[name] for name, calls in given_.items())
        assert sum(given_.values()) == min(max(0, slots), sum(rooms.values()))


@given(weights=weighed, slots=st.lists(st.integers(0, 12), max_size=60))
def test_over_any_time_the_shares_are_as_the_weights_to_within_one_visit(
    weights: dict[str, int], slots: list[int]
) -> None:
    rooms, turns = dict.fromkeys(weights, MANY), Turns()
    got = dict.fromkeys(weights, 0)
    for free in slots:
        given_, turns = turns.share(rooms, weights, free)
        for name, calls in given_.items():
            got[name] += calls
        visits = [got[name] / weights[name] for name in weights]
        assert max(visits) - min(visits) <= 1
        fair = sum(got.values()) / sum(weights.values())
        assert all(abs(got[name] - fair * weights[name]) <= weights[name] for name in weights)


@given(
    weights=weighed,
    steps=st.lists(st.tuples(st.integers(1, 3), st.dictionaries(names, st.integers(0, 4))), min_size=1, max_size=60),
    data=st.data(),
)
def test_no_campaign_with_work_and_room_waits_longer_than_its_share_allows(
    weights: dict[str, int], steps: list[tuple[int, dict[str, int]]], data: st.DataObject
) -> None:
    patient = data.draw(st.sampled_from(sorted(weights)))
    everybody = {*weights, *(name for _, rooms in steps for name in rooms)}
    # A campaign whose ceiling was full may bring one visit with it.
    most = sum(2 * weights.get(name, 1) for name in everybody if name != patient)
    turns, waited = Turns(), 0
    for slots, rooms in steps:
        given_, turns = turns.share(rooms | {patient: MANY}, weights, slots)
        others = sum(calls for name, calls in given_.items() if name != patient)
        waited = others if patient in given_ else waited + others
        assert waited <= most + slots


def test_the_share_is_the_part_of_all_weights() -> None:
    assert share_of("a", {"a": 3, "b": 1}) == 0.75
