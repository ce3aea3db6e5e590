import pytest
from jsonschema import Draft202012Validator

from dispatcher.model.call import NAMES
from dispatcher.worker.schema import call_schema
from tests.unit.worker.documents import DOCUMENT

VALIDATOR = Draft202012Validator(call_schema())


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(call_schema())


def test_a_call_document_keeps_to_the_schema() -> None:
    assert list(VALIDATOR.iter_errors(DOCUMENT)) == []


def test_a_field_of_a_newer_dispatcher_is_allowed() -> None:
    assert VALIDATOR.is_valid({**DOCUMENT, "priority": 3})


def test_the_schema_has_the_fields_of_a_call_and_requires_them_all() -> None:
    schema = call_schema()
    assert set(schema["properties"]) == set(NAMES.values())
    assert schema["required"] == list(NAMES.values())


@pytest.mark.parametrize("field", NAMES.values())
def test_a_missing_field_is_a_fault(field: str) -> None:
    assert not VALIDATOR.is_valid({name: value for name, value in DOCUMENT.items() if name != field})


@pytest.mark.parametrize("field", ["recordUuid", "recordName", "provider", "instructions"])
def test_what_the_platform_may_leave_out_may_be_null(field: str) -> None:
    assert VALIDATOR.is_valid({**DOCUMENT, field: None})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("job", ""),
        ("attempt", 0),
        ("attempt", "1"),
        ("campaignName", None),
        ("toPhoneNumber", "030 901820"),
        ("toPhoneNumber", None),
        ("timezone", None),
        ("queuedAt", "2026-11-02T09:00:00+01:00"),
        ("notAfter", 1793638800000),
    ],
)
def test_a_bad_value_is_a_fault(field: str, value: object) -> None:
    assert not VALIDATOR.is_valid({**DOCUMENT, field: value})
