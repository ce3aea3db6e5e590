import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.api import parse
from dispatcher.api.document import Glance, glance
from dispatcher.api.parse import Unreadable
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.found import Found
from dispatcher.model.order import Order, OrderStatus
from dispatcher.rules.orders import judge
from dispatcher.rules.plan import make_plan

CAMPAIGN = {
    "uuid": "campaign_1",
    "name": "Spring",
    "status": "active",
    "type": "outbound",
    "timezone": "Europe/Berlin",
    "schedule": {"mon": {"start": "09:00", "end": "17:00"}},
    "outboundPhoneUuid": "phone_1",
    "outboundAssistantUuid": "assistant_1",
}
PHONE = {
    "uuid": "phone_1",
    "name": "Desk",
    "number": "+16054440129",
    "countryCode": "US",
    "provider": "vapi",
    "status": "active",
}
ORDER = {
    "uuid": "order_1",
    "campaignUuid": "campaign_1",
    "status": "planned",
    "scheduledTime": None,
    "instructions": "be brief",
    "record": {"uuid": "record_1", "name": "Ann", "phoneNumber": "+442079460018", "country": "GB"},
}

# What a page may hold: any number that is finite, text without half characters.
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(["active", "outbound", "UTC", "2026-01-01T00:00:00Z", "a\0b", "x" * 300])
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(sorted({*CAMPAIGN, *PHONE, *ORDER, "phone", "unheardOf"}))
documents = st.dictionaries(names, anything, max_size=14) | anything


def nested(levels: int, field: str = "schedule") -> bytes:
    return b'{"uuid":"deep","' + field.encode() + b'":' + b"[" * levels + b"]" * levels + b"}"


def seen(found: Any, *, ascii_only: bool = True) -> Glance:
    return glance(found if isinstance(found, bytes) else json.dumps(found, ensure_ascii=ascii_only).encode())


def read_campaign(found: Any) -> Campaign:
    parsed = parse.campaign(seen(found))
    assert not isinstance(parsed, Unreadable)
    return parsed.thing


def read_phone(found: Any) -> Phone:
    parsed = parse.phone(seen(found))
    assert not isinstance(parsed, Unreadable)
    return parsed.thing


def read_order(found: Any) -> Order:
    parsed = parse.order(seen(found), "campaign_1")
    assert not isinstance(parsed, Unreadable)
    return parsed.thing


@given(found=documents)
def test_nothing_that_is_json_raises(found: Any) -> None:
    check(seen(found))
    check(seen(found, ascii_only=False))


PLACES = {
    "whole": b"%s",
    "list": b"[%s]",
    "uuid": b'{"uuid":%s}',
    "name": b'{"uuid":"x","name":%s}',
    "schedule": b'{"uuid":"x","schedule":%s}',
    "unknown": b'{"uuid":"x","unheardOf":%s}',
    "record": b'{"uuid":"x","record":%s}',
    "number": b'{"uuid":"x","record":{"phoneNumber":%s}}',
    "campaign": b'{"uuid":"x","campaignUuid":%s}',
}


@pytest.mark.parametrize("levels", [98, 99, 100, 101, 300, 900, 1000, 5000])
@pytest.mark.parametrize("where", PLACES.values(), ids=PLACES)
def test_no_depth_raises(where: bytes, levels: int) -> None:
    check(glance(where % nested(levels)))


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"9" * 5000, b"[1e400]", b'["\\u0000", 1e400]'])
@pytest.mark.parametrize("where", PLACES.values(), ids=PLACES)
def test_no_number_raises(where: bytes, number: bytes) -> None:
    check(glance(where % number))


@pytest.mark.parametrize("field", ["name", "schedule"])
def test_a_number_that_is_out_of_range_is_a_fault(field: str) -> None:
    whole = json.dumps({key: value for key, value in CAMPAIGN.items() if key != field})
    found = read_campaign(whole[:-1].encode() + b', "%s": 1e400}' % field.encode())
    assert found.fault == "it holds a number that is out of range"


def check(seen: Glance) -> None:
    for parsed in (parse.campaign(seen), parse.phone(seen), parse.order(seen, "campaign_1")):
        if isinstance(parsed, Unreadable):
            assert seen.uuid is None
            assert parsed.why
            assert len(parsed.why) < 200
            continue
        assert (parsed.thing.uuid, parsed.digest) == (seen.uuid, seen.digest)
        assert parsed.thing.uuid.isprintable()
        assert parsed.thing.fault is None or len(parsed.thing.fault) < 200
        # What was read can be stored, and judged.
        kept = json.loads(parsed.text, parse_int=str)
        assert "\0" not in "".join(texts(kept))
        assert kept == json.loads(seen.text, parse_int=str) or parsed.thing.fault or b"\\u0000" in seen.text
        if isinstance(parsed.thing, Campaign):
            make_plan(parsed.thing, {})
        elif isinstance(parsed.thing, Order):
            judge(parsed.thing, None)
    assert parse.status_of(seen) in OrderStatus


def texts(value: Any) -> Iterator[str]:
    """All texts in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in (*value.keys(), *value.values()):
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def test_a_whole_campaign_is_read_without_a_fault() -> None:
    assert read_campaign(CAMPAIGN) == Campaign(
        "campaign_1",
        "Spring",
        "active",
        "outbound",
        "Europe/Berlin",
        {"mon": {"start": "09:00", "end": "17:00"}},
        "phone_1",
        "assistant_1",
    )


def test_a_whole_phone_is_read_without_a_fault() -> None:
    assert read_phone(PHONE) == Phone("phone_1", "Desk", "+16054440129", "US", "vapi", "active")


def test_a_whole_order_is_read_without_a_fault() -> None:
    assert read_order(ORDER) == Order(
        "order_1", "campaign_1", OrderStatus.PLANNED, "+442079460018", None, "be brief", "record_1", "Ann", "GB"
    )


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("name", None, "name is null"),
        ("name", "  ", "name is '  '"),
        ("status", 1, "status is 1"),
        ("type", ["outbound"], 'type is ["outbound"]'),
        ("timezone", {}, "timezone is {}, not a string"),
        ("outboundPhoneUuid", 7, "outboundPhoneUuid is 7, not a string"),
        ("outboundPhoneUuid", "a\nb", r"outboundPhoneUuid is 'a\nb', no id"),
        ("outboundAssistantUuid", "x" * 201, "outboundAssistantUuid is '" + "x" * 59 + "…, no id"),
    ],
)
def test_each_fault_of_a_campaign_is_named(field: str, value: Any, fault: str) -> None:
    found = read_campaign(CAMPAIGN | {field: value})
    assert found.fault == fault
    assert found.uuid == "campaign_1"


def test_a_campaign_may_lack_what_another_rule_asks_for() -> None:
    found = read_campaign({key: CAMPAIGN[key] for key in ("uuid", "name", "status", "type")})
    assert found.fault is None
    assert (found.timezone, found.schedule, found.phone, found.assistant) == (None, None, None, None)
    assert read_campaign(CAMPAIGN | {"outboundPhoneUuid": ""}).phone is None


def test_words_are_read_in_any_case() -> None:
    found = read_campaign(CAMPAIGN | {"status": " Active ", "type": "OUTBOUND"})
    assert (found.status, found.type) == ("active", "outbound")


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("number", None, "number is null"),
        ("name", 5, "name is 5, not a string"),
        ("countryCode", 1, "countryCode is 1, not a string"),
        ("status", "", "status is ''"),
    ],
)
def test_each_fault_of_a_phone_is_named(field: str, value: Any, fault: str) -> None:
    assert read_phone(PHONE | {field: value}).fault == fault


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("record", None, "record is null, not an object"),
        ("record", [], "record is [], not an object"),
        ("campaignUuid", "campaign_2", "campaignUuid is 'campaign_2', but the order is listed for 'campaign_1'"),
        ("campaignUuid", None, "campaignUuid is null, but the order is listed for 'campaign_1'"),
        ("scheduledTime", "soon", "scheduledTime is 'soon', no time in ISO 8601"),
        ("scheduledTime", 1767225600, "scheduledTime is 1767225600, not a string"),
        (
            "scheduledTime",
            "0001-01-01T00:00:00+14:00",
            "scheduledTime is '0001-01-01T00:00:00+14:00', no time in ISO 8601",
        ),
        ("instructions", {"a": 1}, 'instructions is {"a":1}, not a string'),
    ],
)
def test_each_fault_of_an_order_is_named(field: str, value: Any, fault: str) -> None:
    assert read_order(ORDER | {field: value}).fault == fault


def test_an_order_need_not_repeat_its_campaign() -> None:
    found = read_order({key: value for key, value in ORDER.items() if key != "campaignUuid"})
    assert (found.campaign, found.fault) == ("campaign_1", None)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-12T12:00:00Z", datetime(2026, 1, 12, 12, tzinfo=UTC)),
        ("2026-01-12T12:00:00", datetime(2026, 1, 12, 12, tzinfo=UTC)),
        ("2026-01-12T12:00:00.123+02:00", datetime(2026, 1, 12, 10, 0, 0, 123_000, tzinfo=UTC)),
        ("", None),
    ],
)
def test_a_time_is_read_in_utc(text: str, at: datetime | None) -> None:
    found = read_order(ORDER | {"scheduledTime": text})
    assert (found.scheduled_at, found.fault) == (at, None)


@pytest.mark.parametrize(
    ("record", "number"),
    [
        ({"phoneNumber": "+1"}, "+1"),
        ({"phone": "+2"}, "+2"),
        ({"phoneNumber": "+1", "phone": "+2"}, "+1"),
        ({"phoneNumber": 442079460018}, "442079460018"),
        ({}, None),
    ],
)
def test_a_number_is_found_where_either_page_puts_it(record: dict[str, Any], number: str | None) -> None:
    assert read_order(ORDER | {"record": record}).number == number


@pytest.mark.parametrize("uuid", [None, 1, "", "x" * 201, "a\nb", "a\0b", ["a"], ".", ".."])
def test_what_cannot_be_named_is_unreadable(uuid: Any) -> None:
    for parsed in (parse.campaign(seen(CAMPAIGN | {"uuid": uuid})), parse.phone(seen(PHONE | {"uuid": uuid}))):
        assert isinstance(parsed, Unreadable)
        assert "for a uuid" in parsed.why


@pytest.mark.parametrize("found", [None, 1, "campaign", [CAMPAIGN]])
def test_what_is_no_object_is_unreadable(found: Any) -> None:
    parsed = parse.campaign(seen(found))
    assert isinstance(parsed, Unreadable)
    assert "not an object" in parsed.why


def test_ids_are_opaque() -> None:
    assert read_campaign(CAMPAIGN | {"uuid": "9z8y7x6w-5v4u-3t2s"}).uuid == "9z8y7x6w-5v4u-3t2s"


def test_the_digest_depends_on_unknown_fields_too() -> None:
    one, other = parse.campaign(seen(CAMPAIGN)), parse.campaign(seen(CAMPAIGN | {"unheardOf": 1}))
    assert isinstance(one, Found)
    assert isinstance(other, Found)
    assert one.digest != other.digest
    assert json.loads(other.text)["unheardOf"] == 1


def test_nul_characters_are_left_out() -> None:
    found = read_order(ORDER | {"instructions": "a\0b", "more": [{"c\0": "d\0"}]})
    assert found.instructions == "ab"


def test_a_document_that_nests_too_deep_is_at_fault_and_still_named() -> None:
    found = read_campaign(nested(500))
    assert (found.uuid, found.fault) == ("deep", "it is nested more than 100 levels deep")
    assert make_plan(found, {}).standing[0].detail.endswith("it is nested more than 100 levels deep")
