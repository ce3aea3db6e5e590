from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.api.listing import READINGS, Page, is_whole, read_once, read_page, read_whole
from dispatcher.errors import TransientError


def things(*uuids: str) -> list[dict[str, str]]:
    return [{"uuid": uuid} for uuid in uuids]


class Shelf:
    """Answers each reading with the next of some lists of pages."""

    def __init__(self, *readings: Sequence[Page]) -> None:
        self.readings = list(readings)
        self.read = 0

    async def pages(self) -> AsyncIterator[Page]:
        self.read += 1
        for page in self.readings.pop(0):
            yield page


def test_a_page_is_read_out_of_its_envelope() -> None:
    answer = {"campaigns": [1, None], "total": 7, "totalPages": 4, "page": 1, "more": True}
    assert read_page(answer, "campaigns", "campaigns") == Page([1, None], 7, 4)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "has no array `orders`"),
        ([], "has no array `orders`"),
        ({}, "has no array `orders`"),
        ({"orders": {}}, "has no array `orders`"),
        ({"orders": [], "totalPages": 1}, "has no count in `total`"),
        ({"orders": [], "total": -1, "totalPages": 1}, "has no count in `total`"),
        ({"orders": [], "total": True, "totalPages": 1}, "has no count in `total`"),
        ({"orders": [], "total": "1", "totalPages": 1}, "has no count in `total`"),
        ({"orders": [], "total": 1.0, "totalPages": 1}, "has no count in `total`"),
        ({"orders": [], "total": 1}, "has no count in `totalPages`"),
    ],
)
def test_an_answer_that_is_not_as_documented_is_said_to_be(answer: Any, said: str) -> None:
    with pytest.raises(TransientError, match="the platform's list campaigns/1/orders ") as caught:
        read_page(answer, "orders", "campaigns/1/orders")
    assert said in str(caught.value)


@given(
    answer=st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
    | st.dictionaries(
        st.sampled_from(["orders", "total", "totalPages"]), st.integers() | st.lists(st.none()) | st.none()
    )
)
def test_any_answer_is_a_page_or_an_expected_fault(answer: Any) -> None:
    try:
        page = read_page(answer, "orders", "orders")
    except TransientError:
        return
    assert page.total >= 0
    assert page.total_pages >= 0


async def test_a_list_that_stands_still_is_read_once() -> None:
    shelf = Shelf([Page(things("a", "b"), 3, 2), Page(things("c"), 3, 2)])
    assert await read_whole(shelf.pages, "campaigns") == things("a", "b", "c")
    assert shelf.read == 1


async def test_an_empty_list_is_whole() -> None:
    assert await read_whole(Shelf([Page([], 0, 0)]).pages, "campaigns") == []


@pytest.mark.parametrize(
    "pages",
    [
        [Page(things("a", "b"), 3, 2), Page(things("c"), 4, 2)],
        [Page(things("a", "b"), 3, 2), Page(things("b"), 3, 2)],
        [Page(things("a"), 3, 2), Page(things("c"), 3, 2)],
        [Page(things("a", "b"), 1, 1)],
        [Page([], 1, 1)],
        [],
    ],
)
async def test_pages_that_make_no_whole_are_not_believed(pages: list[Page]) -> None:
    assert await read_once(Shelf(pages).pages()) is None


async def test_a_list_that_shifts_is_read_anew() -> None:
    shifted = [Page(things("a", "b"), 3, 2), Page(things("b"), 3, 2)]
    shelf = Shelf(shifted, shifted, [Page(things("a", "b"), 2, 1)])
    assert await read_whole(shelf.pages, "campaigns") == things("a", "b")


async def test_a_list_that_never_stands_still_is_given_up() -> None:
    shelf = Shelf(*[[Page(things("a"), 2, 1)]] * READINGS)
    with pytest.raises(TransientError, match="the platform's list of phones shifted in each of 3 readings"):
        await read_whole(shelf.pages, "phones")


@pytest.mark.parametrize("odd", [None, 7, [], {"uuid": None}, {"uuid": ["a"]}, {}])
def test_an_item_that_cannot_be_named_counts_and_spoils_nothing(odd: Any) -> None:
    assert is_whole([*things("a"), odd, odd], {3})
    assert not is_whole([*things("a"), odd], {3})
