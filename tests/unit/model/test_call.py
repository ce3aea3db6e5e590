from typing import Any

import pytest

from dispatcher.model.call import NAMES, Call


def test_a_document_is_read_by_the_platforms_names_and_kept_whole() -> None:
    document = {name: field for field, name in NAMES.items()} | {"attempt": 2, "later": 1}
    call = Call.from_document(document, "1-1")
    assert {field: getattr(call, field) for field in NAMES} == {field: field for field in NAMES} | {"attempt": 2}
    assert (call.document, call.entry) == (document, "1-1")


@pytest.mark.parametrize("missing", NAMES.values())
def test_a_field_that_is_missing_is_named(missing: str) -> None:
    document = {name: "x" for name in NAMES.values() if name != missing}
    with pytest.raises(KeyError, match=missing):
        Call.from_document(document, "1-1")


def document_of_text() -> dict[str, Any]:
    return dict.fromkeys(NAMES.values(), "x")


@pytest.mark.parametrize("field", NAMES.values())
def test_a_field_that_holds_something_else_is_named_and_not_quoted(field: str) -> None:
    document = document_of_text() | {"attempt": 1} | {field: ["+4930901820"]}
    with pytest.raises(ValueError, match=field) as refused:
        Call.from_document(document, "1-1")
    assert "+49" not in str(refused.value)


def test_what_the_platform_may_leave_out_is_none() -> None:
    left_out = dict.fromkeys(("recordUuid", "recordName", "provider", "instructions"))
    call = Call.from_document(document_of_text() | {"attempt": 1} | left_out, "1-1")
    assert (call.record_uuid, call.record_name, call.provider, call.instructions) == (None, None, None, None)
