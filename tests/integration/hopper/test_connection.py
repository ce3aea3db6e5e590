import asyncio
import re
import socket

import pytest
from redis import exceptions

from dispatcher.errors import ConfigurationError, TransientError
from dispatcher.hopper import connection
from dispatcher.hopper.connection import hopper, reader, translated, writer
from dispatcher.hopper.watch import Watch
from tests.integration.hopper.line import Line
from tests.integration.worker.proxy import proxied
from tests.servers import Redis


async def said_of(url: str) -> str:
    client = writer(url)
    with pytest.raises(TransientError) as caught:
        await Watch(client, "test").servers()
    await client.aclose()
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_a_server_that_is_down_is_said_to_be() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = await said_of(f"redis://:hunter2@127.0.0.1:{port}/0")
    where = f"no connection to 127.0.0.1:{port} (Connection refused)"
    assert said == f"Redis does not answer: {where}; start it, or correct redis.url"


async def test_a_server_whose_name_nobody_knows_is_said_to_be() -> None:
    said = await said_of("redis://redis.invalid:6379/0")
    assert re.match(r"Redis does not answer: no connection to redis\.invalid:6379 \(.*(known|failure).*\); start", said)


async def test_a_wrong_password_is_said_to_be(own_redis: Redis) -> None:
    line = Line(own_redis.url)
    await line.redis.acl_setuser("dialer", enabled=True, passwords=["+right"], commands=["+@all"], keys=["*"])
    await line.close()
    said = await said_of(own_redis.url.replace("redis://", "redis://dialer:hunter2@"))
    assert said.startswith("Redis refuses this user")
    assert "hunter2" not in said


async def test_a_user_who_may_do_nothing_is_said_to_be_refused(own_redis: Redis) -> None:
    line = Line(own_redis.url)
    await line.redis.acl_setuser("dialer", enabled=True, passwords=["+right"], commands=["-@all", "+hello"])
    await line.close()
    said = await said_of(own_redis.url.replace("redis://", "redis://dialer:right@"))
    assert said.startswith("Redis refuses this user")


async def test_a_server_that_hangs_is_given_up_in_time(own_redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_ANSWER_TIMEOUT_S", 0.2)
    client = writer(own_redis.url)
    assert await client.ping()
    own_redis.suspend()
    with pytest.raises(TransientError, match="Redis does not answer"), translated():
        await client.ping()
    own_redis.resume()
    await client.aclose()


async def test_a_reader_is_patient_for_as_long_as_it_blocks(own_redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_ANSWER_TIMEOUT_S", 0.2)
    client = reader(own_redis.url, 0.5)
    assert not await client.xread({"stream": "0"}, block=500)
    await client.aclose()


async def test_a_command_whose_reply_is_lost_is_not_sent_again(own_redis: Redis) -> None:
    async with proxied(own_redis.url) as proxy:
        client = writer(proxy.url)
        proxy.lose_reply("INCR")
        with pytest.raises(TransientError), translated():
            await client.incr("counted")
        await client.aclose()
    client = writer(own_redis.url)
    assert await client.get("counted") == "1"
    await client.aclose()


async def test_a_script_whose_reply_is_lost_may_be_sent_again(own_redis: Redis) -> None:
    async with proxied(own_redis.url) as proxy:
        line = Line(proxy.url)
        await line.queue.adopt(line.phone, create=True)
        await line.enqueue("before")
        for _ in range(2):
            proxy.lose_reply("EVALSHA")
            with pytest.raises(TransientError):
                await line.enqueue("job")
        assert await line.enqueue("job") == [await line.seen()]
        assert await line.entries() == ["before", "job"]
        await line.close()


async def test_a_cancelled_command_leaves_no_reply_for_the_next_one(own_redis: Redis) -> None:
    client, other = reader(own_redis.url, 5.0), writer(own_redis.url)

    async def read() -> None:
        await client.xread({"stream": "0"}, block=5000)

    waiting = asyncio.create_task(read())
    async with asyncio.timeout(60):
        while not any("b" in one["flags"] for one in await other.client_list()):
            await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await client.echo("mine") == "mine"
    await client.aclose()
    await other.aclose()


@pytest.mark.parametrize("url", ["redis+sentinel://a:1", "redis+cluster://a:1/1", "http://a", "redis://a:port"])
def test_an_address_that_cannot_be_used_is_a_fault_of_the_configuration(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"redis\.url"):
        hopper(url)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (exceptions.ReadOnlyError("READONLY"), "read-only replica: point redis.url at the primary"),
        (exceptions.OutOfMemoryError("OOM"), "out of memory: raise maxmemory"),
        (exceptions.TimeoutError(), "Redis does not answer: TimeoutError"),
        (exceptions.MovedError("3999 127.0.0.1:6381"), "elsewhere (3999 127.0.0.1:6381): they are looked for again"),
        (exceptions.ClusterDownError("The cluster is down"), "set cluster-require-full-coverage no"),
        (exceptions.ResponseError("MISCONF disk"), "Redis refuses a command: MISCONF disk"),
    ],
)
def test_each_error_is_said_in_a_sentence(fault: Exception, said: str) -> None:
    with pytest.raises(TransientError) as caught, translated():
        raise fault
    assert said in str(caught.value)
    assert caught.value.__cause__ is fault


async def test_a_server_that_is_full_says_so(own_redis: Redis) -> None:
    line = Line(own_redis.url)
    await line.queue.adopt(line.phone, create=True)
    await line.redis.config_set("maxmemory", "1")
    with pytest.raises(TransientError, match="out of memory"):
        await line.enqueue("job")
    await line.redis.config_set("maxmemory", "0")
    assert await line.entries() == []
    await line.close()
