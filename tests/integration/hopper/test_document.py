from datetime import UTC, datetime, timedelta, timezone

import orjson
from jsonschema import Draft202012Validator

from dispatcher.hopper.document import document, iso
from dispatcher.model.call import Call
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.order import Order, OrderStatus
from dispatcher.rules.plan import make_plan
from dispatcher.worker.schema import call_schema

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
PHONE = Phone("phone_1", "Desk", "+16054440129", "US", None, "active")
CAMPAIGN = Campaign("campaign_1", "Frühling", "active", "outbound", "Europe/Berlin", {}, "phone_1", "assistant_1")
ORDER = Order("order_1", "campaign_1", OrderStatus.PLANNED, "+44 20 7946 0018", None, None, None, "Ann")


def made() -> dict[str, object]:
    body = document(
        job="job",
        attempt=2,
        plan=make_plan(CAMPAIGN, {"phone_1": PHONE}),
        phone=PHONE,
        order=ORDER,
        number="+442079460018",
        queued_at=NOON,
        not_after=NOON + timedelta(hours=1),
    )
    found: dict[str, object] = orjson.loads(body)
    return found


def test_a_document_is_what_its_schema_says() -> None:
    Draft202012Validator(call_schema()).validate(made())


def test_a_worker_reads_all_that_the_dispatcher_wrote() -> None:
    call = Call.from_document(made(), "1-1")
    assert (call.job, call.attempt, call.campaign_name, call.call_order_uuid) == ("job", 2, "Frühling", "order_1")
    assert (call.to_phone_number, call.from_phone_number) == ("+442079460018", "+16054440129")
    assert (call.queued_at, call.not_after) == ("2026-01-12T12:00:00.000Z", "2026-01-12T13:00:00.000Z")
    assert (call.record_uuid, call.record_name, call.provider, call.instructions) == (None, "Ann", None, None)


def test_an_instant_is_written_in_utc_to_the_millisecond() -> None:
    at = datetime(2026, 1, 12, 13, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=1)))
    assert iso(at) == "2026-01-12T12:00:00.123Z"
