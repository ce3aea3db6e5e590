"""Which calls a worker takes, of which phones, and how many at once."""

from collections import Counter

from dispatcher.worker import Worker
from tests.integration.worker.hopper import Hopper, until, working
from tests.integration.worker.recorder import Dialer


async def test_a_phone_whose_queue_is_no_stream_holds_up_no_other(redis_url: str, hopper: Hopper) -> None:
    await hopper.open("phone-1")
    await hopper.redis.set("dispatcher:{phone-0}:calls", "poison")
    await hopper.announce("phone-0")
    await hopper.queue("job-1")
    dialer = Dialer()
    async with working(Worker(redis_url), dialer):
        await until(hopper.outcomes)
    assert dialer.begun == ["job-1"]


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


async def both_counted(hopper: Hopper, number: int) -> bool:
    return len(await hopper.outcomes("phone-1")) + len(await hopper.outcomes("phone-2")) == number
