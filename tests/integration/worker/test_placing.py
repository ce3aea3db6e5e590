"""From a call document to an outcome, whatever the document and the dialer are like."""

import asyncio
import json

import pytest
import structlog.testing

from dispatcher.worker import Call, Outcome, OutcomeUnknown, Result, Worker
from tests.integration.worker.hopper import NAME, NUMBER, Hopper, document, until, working
from tests.integration.worker.recorder import Dialer


async def test_a_call_is_dialled_and_its_outcome_reported(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    entry = await hopper.queue("job-1")
    dialer = Dialer(Result(Outcome.BUSY, "line engaged", "call-77"))
    async with working(Worker(redis_url), dialer):
        await until(hopper.outcomes)
    assert dialer.begun == ["job-1"]
    begun, outcome = await hopper.reports()
    assert begun["outcome"] == "begun"
    assert (begun["job"], begun["entry"]) == ("job-1", entry)
    assert outcome == {
        "job": "job-1",
        "entry": entry,
        "outcome": "busy",
        "detail": "line engaged",
        "call_id": "call-77",
    }


async def test_a_reported_call_leaves_no_entry_and_nothing_pending(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    async with working(Worker(redis_url), Dialer()):
        await until(hopper.outcomes)
    assert await hopper.unread_or_pending() == 0
    assert await hopper.pending() == []


async def test_a_call_without_a_document_is_gone_and_not_dialled(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    entry = await hopper.queue_entry("job-1")
    dialer = Dialer()
    async with working(Worker(redis_url), dialer):
        await until(hopper.outcomes)
    assert await hopper.reports() == [{"job": "job-1", "entry": entry, "outcome": "gone"}]
    assert dialer.begun == []


async def test_a_malformed_document_fails_without_being_quoted(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1", body='{"toPhoneNumber": "+4930901820"}')
    await hopper.queue("job-2", body="no JSON")
    await hopper.queue("job-3", body="[]")
    await hopper.queue("job-4", body="[" * 100_000)
    await hopper.queue("job-5", body=json.dumps(document("job-5") | {"fromPhoneNumber": None}))
    await hopper.queue("job-6", body=json.dumps(document("job-6") | {"attempt": True}))
    dialer = Dialer()
    async with working(Worker(redis_url), dialer):
        await until(lambda: counted(hopper, 6))
    assert [fields["outcome"] for fields in await hopper.reports()] == ["failed"] * 6
    details = {fields["job"]: fields["detail"] for fields in await hopper.reports()}
    assert details["job-1"] == "the call document is malformed (KeyError: 'job')"
    assert details["job-5"] == "the call document is malformed (ValueError: fromPhoneNumber holds no text)"
    assert details["job-6"] == "the call document is malformed (ValueError: attempt holds no number)"
    assert NUMBER not in str(await hopper.reports())
    assert dialer.begun == []


async def test_fields_that_a_newer_dispatcher_adds_are_handed_on(redis_url: str, hopper: Hopper) -> None:
    calls: list[Call] = []

    async def dial(call: Call) -> Outcome:
        calls.append(call)
        return Outcome.COMPLETED

    await hopper.open("phone-1")
    entry = await hopper.queue("job-1", body=json.dumps(document("job-1") | {"language": "de"}))
    async with working(Worker(redis_url), dial):
        await until(hopper.outcomes)
    [call] = calls
    assert (call.document["language"], call.entry) == ("de", entry)


async def test_a_key_that_is_no_document_is_gone_and_holds_up_no_other_call(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    entry = await hopper.queue_entry("job-1")
    await hopper.redis.hset("dispatcher:{phone-1}:call:job-1", "no", "document")
    await hopper.queue("job-2")
    dialer = Dialer()
    async with working(Worker(redis_url, concurrency=1), dialer):
        await until(lambda: counted(hopper, 2))
    assert dialer.begun == ["job-2"]
    assert (await hopper.outcomes())[0] == {"job": "job-1", "entry": entry, "outcome": "gone"}


@pytest.mark.parametrize(
    "raised", [OutcomeUnknown("the line went dead"), asyncio.CancelledError("from within")], ids=repr
)
async def test_a_call_whose_end_the_dialer_does_not_know_stays_pending_and_the_worker_runs_on(
    redis_url: str, hopper: Hopper, raised: BaseException
) -> None:
    async def dial(call: Call) -> Outcome:
        if call.job == "job-1":
            raise raised
        return Outcome.COMPLETED

    await hopper.open("phone-1")
    entry = await hopper.queue("job-1")
    await hopper.queue("job-2")
    async with working(Worker(redis_url, concurrency=1), dial):
        await until(hopper.outcomes)
    assert [fields["job"] for fields in await hopper.outcomes()] == ["job-2"]
    assert [pending["message_id"] for pending in await hopper.pending()] == [entry]


async def test_a_dialer_that_raises_makes_the_call_fail(redis_url: str, hopper: Hopper) -> None:
    async def dial(call: Call) -> Outcome:
        raise LookupError(f"no line for {call.to_phone_number}")

    await hopper.open("phone-1")
    await hopper.queue("job-1")
    async with working(Worker(redis_url), dial):
        await until(hopper.outcomes)
    [outcome] = await hopper.outcomes()
    assert outcome["outcome"] == "failed"
    assert outcome["detail"] == "LookupError: no line for [hidden]"


async def test_no_log_holds_a_persons_number_or_name(redis_url: str, hopper: Hopper) -> None:
    async def dial(call: Call) -> Outcome:
        raise LookupError(f"no line for {call.record_name} {call.to_phone_number}")

    await hopper.open("phone-1")
    await hopper.queue("job-1")
    with structlog.testing.capture_logs() as logs:
        async with working(Worker(redis_url), dial):
            await until(hopper.outcomes)
    assert "LookupError" in str(logs)
    assert NUMBER not in str(logs)
    assert NAME not in str(logs)


async def counted(hopper: Hopper, number: int) -> bool:
    return len(await hopper.outcomes()) == number
