from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.api.listing import Page, read_page
from dispatcher.errors import TransientError


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
