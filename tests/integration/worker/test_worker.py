import asyncio
import json
from collections import Counter

import pytest
import structlog.testing

from dispatcher.errors import PermanentError
from dispatcher.worker import Call, Outcome, OutcomeUnknown, Result, Worker
from tests.integration.worker.hopper import NAME, NUMBER, Hopper, document, until, working
from tests.servers import Redis


class Dialer:
    """Records the jobs that it dials; each call lasts until `gate` is open."""

    def __init__(self, answer: Outcome | Result = Outcome.COMPLETED, *, waits: bool = False) -> None:
        self.begun: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.gate = asyncio.Event()
        self._answer = answer
        if not waits:
            self.gate.set()

    async def __call__(self, call: Call) -> Outcome | Result:
        self.begun.append(call.job)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        return self._answer


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


async def test_a_phone_whose_queue_is_no_stream_holds_up_no_other(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.redis.set("dispatcher:{phone-0}:calls", "poison")
    await hopper.announce("phone-0")
    await hopper.queue("job-1")
    dialer = Dialer()
    async with working(Worker(redis_url), dialer):
        await until(hopper.outcomes)
    assert dialer.begun == ["job-1"]


async def test_a_dialer_that_is_cancelled_from_within_leaves_its_call_unknown_and_the_worker_running(
    redis_url: str, hopper: Hopper
) -> None:
    async def dial(call: Call) -> Outcome:
        if call.job == "job-1":
            raise asyncio.CancelledError
        return Outcome.COMPLETED

    await hopper.open("phone-1")
    entry = await hopper.queue("job-1")
    await hopper.queue("job-2")
    async with working(Worker(redis_url, concurrency=1), dial):
        await until(hopper.outcomes)
    assert [fields["job"] for fields in await hopper.outcomes()] == ["job-2"]
    assert [pending["message_id"] for pending in await hopper.pending()] == [entry]


async def test_a_stop_while_redis_is_away_ends_in_bounded_time_and_says_what_was_not_delivered(
    own_redis: Redis,
) -> None:
    hopper = Hopper(own_redis.url)
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    dialer = Dialer(waits=True)
    worker = Worker(own_redis.url, stop_timeout_s=0.3)
    with structlog.testing.capture_logs() as logs:
        async with working(worker, dialer) as running:
            await until(lambda: dialer.begun)
            own_redis.kill()
            dialer.gate.set()
            await until(lambda: any(line["event"] == "report failed" for line in logs))
            worker.stop()
            await asyncio.wait_for(running, 60)
    assert "outcome undelivered" in [line["event"] for line in logs]
    await hopper.redis.aclose()


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


async def test_an_unknown_outcome_is_not_reported_and_stays_pending(redis_url: str, hopper: Hopper) -> None:
    async def dial(call: Call) -> Outcome:
        if call.job == "job-1":
            raise OutcomeUnknown("the line went dead")
        return Outcome.COMPLETED

    await hopper.open("phone-1")
    entry = await hopper.queue("job-1")
    await hopper.queue("job-2")
    async with working(Worker(redis_url, concurrency=1), dial):
        await until(hopper.outcomes)
    assert [fields["job"] for fields in await hopper.outcomes()] == ["job-2"]
    assert [pending["message_id"] for pending in await hopper.pending()] == [entry]


async def test_a_running_call_is_kept_alive(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    dialer = Dialer(waits=True)
    longest = 0

    async def reset() -> bool:
        nonlocal longest
        idle = [pending["time_since_delivered"] for pending in await hopper.pending()]
        longest = max([longest, *idle])
        return bool(idle) and idle[0] < longest

    async with working(Worker(redis_url, heartbeat_s=0.1), dialer):
        await until(reset)
        dialer.gate.set()


async def test_concurrency_is_never_exceeded_and_every_claim_is_begun(redis_url: str, hopper: Hopper) -> None:
    phones = [f"phone-{number}" for number in range(30)]
    await hopper.open(*phones)
    for phone in phones:
        for number in range(2):
            await hopper.queue(f"{phone}/{number}", phone)
    dialer = Dialer(waits=True)

    async def claimed() -> int:
        return sum([len(await hopper.pending(phone)) for phone in phones])

    async def all_ended() -> bool:
        return sum([len(await hopper.outcomes(phone)) for phone in phones]) == 60

    async with working(Worker(redis_url, concurrency=3), dialer):
        await until(lambda: dialer.at_once == 3)
        assert await claimed() == 3
        dialer.gate.set()
        await until(all_ended)
    assert dialer.most_at_once == 3
    assert Counter(dialer.begun) == {f"{phone}/{number}": 1 for phone in phones for number in range(2)}


async def test_a_worker_with_one_place_takes_calls_from_every_phone_in_turn(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1", "phone-2")
    for number in range(5):
        await hopper.queue(f"1/{number}", "phone-1")
        await hopper.queue(f"2/{number}", "phone-2")
    dialer = Dialer()
    async with working(Worker(redis_url, concurrency=1), dialer):
        await until(lambda: len(dialer.begun) == 10)
    assert {job[0] for job in dialer.begun[:4]} == {"1", "2"}


async def test_two_workers_take_each_of_200_calls_exactly_once(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1", "phone-2")
    jobs = [f"job-{number}" for number in range(200)]
    dialer = Dialer()
    async with working(Worker(redis_url, concurrency=5), dialer), working(Worker(redis_url), dialer):
        for number, job in enumerate(jobs):
            await hopper.queue(job, f"phone-{number % 2 + 1}")
        await until(lambda: both_counted(hopper, 200))
    assert Counter(dialer.begun) == dict.fromkeys(jobs, 1)


async def test_the_claim_of_a_dead_worker_is_left_to_the_dispatcher(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    entry = await hopper.queue("job-1")
    await hopper.claim("a-dead-worker")
    await hopper.queue("job-2")
    dialer = Dialer()
    async with working(Worker(redis_url), dialer):
        await until(hopper.outcomes)
    assert dialer.begun == ["job-2"]
    assert await hopper.has_document("job-1")
    [pending] = await hopper.pending()
    assert (pending["message_id"], pending["consumer"]) == (entry, "a-dead-worker")


async def test_a_phone_without_a_group_is_waited_for_and_blocks_no_other(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.announce("phone-2")
    await hopper.queue("job-2", "phone-2")
    dialer = Dialer()
    async with working(Worker(redis_url), dialer):
        await hopper.queue("job-1")
        await until(hopper.outcomes)
        assert not await hopper.redis.exists("dispatcher:{phone-2}:outcomes")
        await hopper.make_group("phone-2")
        await until(lambda: hopper.outcomes("phone-2"))
    assert dialer.begun == ["job-1", "job-2"]


async def test_a_group_that_is_lost_and_made_again_is_read_again(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    dialer = Dialer()
    async with working(Worker(redis_url), dialer):
        await hopper.queue("job-1")
        await until(hopper.outcomes)
        await hopper.redis.flushall()
        await hopper.open("phone-1")
        await hopper.queue("job-2")
        await until(hopper.outcomes)
    assert dialer.begun == ["job-1", "job-2"]


async def test_a_new_phone_is_read_by_a_worker_that_runs(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    dialer = Dialer()
    async with working(Worker(redis_url), dialer):
        await hopper.queue("job-1")
        await until(hopper.outcomes)
        await hopper.open("phone-2")
        await hopper.queue("job-2", "phone-2")
        await until(lambda: dialer.begun == ["job-1", "job-2"])


async def test_phones_that_are_given_are_the_only_ones_read(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1", "phone-2")
    await hopper.queue("job-1", "phone-1")
    await hopper.queue("job-2", "phone-2")
    dialer = Dialer()
    async with working(Worker(redis_url, phones=["phone-2"]), dialer):
        await until(lambda: hopper.outcomes("phone-2"))
    assert dialer.begun == ["job-2"]
    assert await hopper.has_document("job-1", "phone-1")


async def test_a_stop_lets_running_calls_end_and_claims_no_more(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    dialer = Dialer(waits=True)
    worker = Worker(redis_url, concurrency=1)
    async with working(worker, dialer) as running:
        await until(lambda: dialer.begun)
        await hopper.queue("job-2")
        worker.stop()
        dialer.gate.set()
        await asyncio.wait_for(running, 60)
    assert [(fields["job"], fields["outcome"]) for fields in await hopper.outcomes()] == [("job-1", "completed")]
    assert dialer.begun == ["job-1"]
    assert await hopper.has_document("job-2")


async def test_a_call_that_outlasts_the_stop_is_cancelled_and_not_reported(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    entry = await hopper.queue("job-1")
    dialer = Dialer(waits=True)
    worker = Worker(redis_url, stop_timeout_s=0.1)
    async with working(worker, dialer) as running:
        await until(lambda: dialer.begun)
        worker.stop()
        await asyncio.wait_for(running, 60)
    assert dialer.at_once == 0
    assert await hopper.outcomes() == []
    assert [pending["message_id"] for pending in await hopper.pending()] == [entry]


async def test_an_outcome_is_delivered_once_redis_is_back(own_redis: Redis) -> None:
    hopper = Hopper(own_redis.url)
    await hopper.open("phone-1")
    await hopper.queue("job-1")
    dialer = Dialer(waits=True)
    async with working(Worker(own_redis.url), dialer):
        await until(lambda: dialer.begun)
        own_redis.kill()
        dialer.gate.set()
        await until(lambda: dialer.at_once == 0)
        own_redis.start()
        await until(hopper.outcomes)
    assert [(fields["job"], fields["outcome"]) for fields in await hopper.outcomes()] == [("job-1", "completed")]
    await hopper.redis.aclose()


async def test_a_worker_waits_for_a_redis_that_is_not_there_yet(own_redis: Redis) -> None:
    own_redis.kill()
    hopper = Hopper(own_redis.url)
    dialer = Dialer()
    with structlog.testing.capture_logs() as logs:
        async with working(Worker(own_redis.url), dialer):
            await until(lambda: any(line["event"] == "redis failed" for line in logs))
            own_redis.start()
            await hopper.open("phone-1")
            await hopper.queue("job-1")
            await until(hopper.outcomes)
    assert dialer.begun == ["job-1"]
    await hopper.redis.aclose()


async def test_a_refused_login_ends_the_worker_with_one_sentence(own_redis: Redis) -> None:
    hopper = Hopper(own_redis.url)
    await hopper.redis.config_set("requirepass", "secret")
    with pytest.raises(PermanentError, match="check the user and the password"):
        await asyncio.wait_for(Worker(own_redis.url).run(Dialer()), 60)
    await hopper.redis.aclose()


async def counted(hopper: Hopper, number: int) -> bool:
    return len(await hopper.outcomes()) == number


async def both_counted(hopper: Hopper, number: int) -> bool:
    return len(await hopper.outcomes("phone-1")) + len(await hopper.outcomes("phone-2")) == number
