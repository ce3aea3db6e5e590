import pytest

from dispatcher.model.call import NAMES, Call


def test_a_document_is_read_by_the_platforms_names_and_kept_whole() -> None:
    document = {name: field for field, name in NAMES.items()} | {"later": 1}
    call = Call.from_document(document)
    assert {field: getattr(call, field) for field in NAMES} == {field: field for field in NAMES}
    assert call.document == document


@pytest.mark.parametrize("missing", NAMES.values())
def test_a_field_that_is_missing_is_named(missing: str) -> None:
    document = {name: "x" for name in NAMES.values() if name != missing}
    with pytest.raises(KeyError, match=missing):
        Call.from_document(document)
