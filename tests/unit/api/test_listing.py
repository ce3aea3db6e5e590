import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.api.listing import Page, read_page


def test_a_page_is_read_out_of_its_envelope() -> None:
    answer = {"campaigns": [1, None, {"a": "é"}], "total": 7, "totalPages": 4, "page": 1, "more": True}
    expected = Page([b"1", b"null", '{"a": "é"}'.encode()], 7, 4)
    assert read_page(json.dumps(answer, ensure_ascii=False).encode(), "campaigns") == expected


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "Expected `object`, got `null`"),
        ([], "Expected `object`, got `array`"),
        ({"total": 1, "totalPages": 1}, "missing required field `orders`"),
        ({"orders": {}, "total": 1, "totalPages": 1}, r"Expected `array`, got `object` - at `\$.orders`"),
        ({"orders": [], "totalPages": 1}, "missing required field `total`"),
        ({"orders": [], "total": -1, "totalPages": 1}, r"Expected `int` >= 0 - at `\$.total`"),
        ({"orders": [], "total": True, "totalPages": 1}, r"Expected `int`, got `bool` - at `\$.total`"),
        ({"orders": [], "total": "1", "totalPages": 1}, r"Expected `int`, got `str` - at `\$.total`"),
        ({"orders": [], "total": 1.5, "totalPages": 1}, r"Expected `int`, got `float` - at `\$.total`"),
        ({"orders": [], "total": 1}, "missing required field `totalPages`"),
    ],
)
def test_an_answer_that_is_not_as_documented_is_said_to_be(answer: Any, said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        read_page(json.dumps(answer).encode(), "orders")


@given(
    answer=st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
    | st.dictionaries(
        st.sampled_from(["orders", "total", "totalPages"]), st.integers() | st.lists(st.none()) | st.none()
    )
)
def test_any_answer_is_a_page_or_an_expected_fault(answer: Any) -> None:
    try:
        page = read_page(json.dumps(answer).encode(), "orders")
    except msgspec.ValidationError:
        return
    assert page.total >= 0
    assert page.total_pages >= 0
    assert [json.loads(item) for item in page.items] == answer["orders"]
