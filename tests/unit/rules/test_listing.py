import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rules.listing import LongReading, Reading, removal_refused

names = st.lists(st.text("abcdefgh", min_size=1, max_size=2), unique=True, max_size=20)


def read(*pages: tuple[int, int, list[str]]) -> Reading:
    """Read pages, as those of a short list and as those of a long one."""
    reading, long = Reading(), LongReading()
    for page in pages:
        reading.take(*page)
        long.take(*page)
    assert long.whole == reading.whole
    return reading


@given(listed=names, size=st.integers(1, 7))
def test_pages_of_a_list_that_stands_still_make_a_whole(listed: list[str], size: int) -> None:
    pages = [listed[start : start + size] for start in range(0, len(listed), size)] or [[]]
    reading = read(*((len(page), len(listed), page) for page in pages))
    assert reading.whole
    assert reading.listed == set(listed)


@given(listed=names.filter(lambda some: len(some) > 2), size=st.integers(1, 7), data=st.data())
def test_pages_of_a_list_that_shifts_make_none(listed: list[str], size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(1, len(listed) - 1))
    added = data.draw(st.booleans())
    shifted = ["new", *listed] if added else listed[1:]
    total = data.draw(st.sampled_from([len(listed), len(shifted)]))  # the platform may tell it at another time
    first, rest = listed[:start], shifted[start:]
    reading = read((len(first), len(listed), first), (len(rest), total, rest))
    assert not reading.whole


@pytest.mark.parametrize(
    "pages",
    [
        [(2, 3, ["a", "b"]), (1, 4, ["c"])],
        [(2, 3, ["a", "b"]), (1, 3, ["b"])],
        [(2, 3, ["a", "a"]), (1, 3, ["b"])],
    ],
)
def test_a_shift_is_seen_at_once(pages: list[tuple[int, int, list[str]]]) -> None:
    assert read(*pages).drifted
    assert not read(*pages).whole


@pytest.mark.parametrize("pages", [[], [(0, 1, [])], [(2, 1, ["a", "b"])], [(1, 3, ["a"]), (1, 3, ["c"])]])
def test_a_reading_that_has_fewer_or_more_than_the_list_is_not_whole(pages: list[tuple[int, int, list[str]]]) -> None:
    assert not read(*pages).whole
    assert not read(*pages).drifted


def test_a_thing_that_cannot_be_named_counts() -> None:
    assert read((3, 3, ["a"])).whole
    assert not read((2, 3, ["a"])).whole


@pytest.mark.parametrize(
    ("missing", "mirrored", "listed"),
    [(0, 0, 0), (0, 5, 5), (1, 2, 1), (10, 11, 1), (30, 100, 70), (11, 37, 26)],
)
def test_removals_that_somebody_may_have_wished_are_believed(missing: int, mirrored: int, listed: int) -> None:
    assert removal_refused("campaigns", missing, mirrored, listed) is None


@pytest.mark.parametrize(("missing", "mirrored", "listed"), [(11, 36, 25), (31, 100, 69), (11, 12, 1)])
def test_a_sudden_loss_of_many_is_not_believed(missing: int, mirrored: int, listed: int) -> None:
    said = removal_refused("campaigns", missing, mirrored, listed)
    assert said is not None
    assert said.startswith(
        f"{missing} of {mirrored} campaigns are missing from the platform's list; nothing was removed"
    )
    assert "dispatcher sync --accept-removals" in said


def test_an_empty_list_over_a_full_mirror_is_not_believed() -> None:
    said = removal_refused("phones", 12, 12, 0)
    assert said is not None
    assert said.startswith("the platform lists no phones at all, while the mirror has 12; nothing was removed")
    assert "dispatcher sync --accept-removals" in said


@pytest.mark.parametrize("missing", [1, 10])
def test_a_small_account_may_lose_all_that_it_has(missing: int) -> None:
    assert removal_refused("campaigns", missing, missing, 0) is None
