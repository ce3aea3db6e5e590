import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.api.body import read_json

texts = st.text() | st.lists(st.sampled_from(["\ud83d", "\ude00", "\\", "u", "d83d", '"', "é", "\U0001f600"])).map(
    "".join
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"name": "\\ud83d\\ude00"}', {"name": "\U0001f600"}),
        (b'{"name": "cut \\ud83d"}', {"name": "cut �"}),
        (b'{"name": "\\uDE00 cut"}', {"name": "� cut"}),
        (b'["\\ud83d", "\\ud83d\\ude00", "\\\\ud83d"]', ["�", "\U0001f600", "\\ud83d"]),
        (b'["\\ud83d\\ud83d\\ude00"]', ["�\U0001f600"]),
    ],
)
def test_half_a_character_hides_nothing_else(body: bytes, expected: Any) -> None:
    assert read_json(body, msgspec.json.decode) == expected


@given(found=st.lists(texts))
def test_every_text_is_read_but_for_its_half_characters(found: list[str]) -> None:
    # Pairs of escapes are one character, as they are to any reader of JSON.
    whole = json.loads(json.dumps(found))
    expected = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in whole]
    assert read_json(json.dumps(found).encode(), msgspec.json.decode) == expected


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b'"\xff"', b"NaN", b"1e999", b'"\\u12"', b"[" * 2000, b'["\\ud800",' + b"[" * 2000]
)
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_json(body, msgspec.json.decode)
