import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rules.listing import difference, removal_refused

digests = st.dictionaries(st.text("abcdef", max_size=2), st.sampled_from("xyz"), max_size=12)


def test_each_thing_is_found_where_it_belongs() -> None:
    found = difference({"kept": "1", "changed": "1", "gone": "1"}, {"kept": "1", "changed": "2", "new": "1"})
    assert (found.added, found.changed, found.missing, found.unchanged) == (("new",), ("changed",), ("gone",), 1)


@given(mirrored=digests, listed=digests)
def test_every_thing_is_exactly_one_of_added_changed_missing_and_unchanged(
    mirrored: dict[str, str], listed: dict[str, str]
) -> None:
    found = difference(mirrored, listed)
    parts = [*found.added, *found.changed, *found.missing]
    assert len(parts) == len(set(parts))
    assert len(parts) + found.unchanged == len(mirrored.keys() | listed.keys())
    assert set(found.added) == listed.keys() - mirrored.keys()
    assert set(found.missing) == mirrored.keys() - listed.keys()
    assert all(mirrored[uuid] != listed[uuid] for uuid in found.changed)


@given(mirrored=digests, listed=digests)
def test_what_was_found_turns_the_mirror_into_the_listing(mirrored: dict[str, str], listed: dict[str, str]) -> None:
    found = difference(mirrored, listed)
    applied = {uuid: digest for uuid, digest in mirrored.items() if uuid not in found.missing}
    applied |= {uuid: listed[uuid] for uuid in (*found.added, *found.changed)}
    assert applied == listed
    assert difference(applied, listed).unchanged == len(listed)


@pytest.mark.parametrize(
    ("missing", "mirrored", "listed"),
    [(0, 0, 0), (0, 5, 5), (1, 2, 1), (10, 11, 1), (30, 100, 70), (11, 37, 26)],
)
def test_removals_that_somebody_may_have_wished_are_believed(missing: int, mirrored: int, listed: int) -> None:
    assert removal_refused("campaigns", missing, mirrored, listed) is None


@pytest.mark.parametrize(("missing", "mirrored", "listed"), [(11, 36, 25), (31, 100, 69), (11, 12, 1)])
def test_a_sudden_loss_of_many_is_not_believed(missing: int, mirrored: int, listed: int) -> None:
    said = removal_refused("campaigns", missing, mirrored, listed)
    assert said == f"{missing} of {mirrored} campaigns are missing from the platform's list; nothing was removed"


def test_an_empty_list_over_a_full_mirror_is_not_believed() -> None:
    said = removal_refused("phones", 12, 12, 0)
    assert said == "the platform lists no phones at all, while the mirror has 12; nothing was removed"


@pytest.mark.parametrize("missing", [1, 10])
def test_a_small_account_may_lose_all_that_it_has(missing: int) -> None:
    assert removal_refused("campaigns", missing, missing, 0) is None
