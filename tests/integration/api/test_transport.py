"""What may come over a connection, byte for byte: each is one clear fault, in bounded time and memory."""

import asyncio
import gzip
import socket
import struct
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import quote

import pytest

from dispatcher.api.body import LARGEST_BODY
from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.errors import ConfigurationError, DispatcherError, PermanentError, TransientError
from tests.integration.api.raw import Raw, Say, answer, listening, saying

pytestmark = pytest.mark.usefixtures("at_once")

TOKEN = "a-Token/of+the-account"
ATTEMPTS = 4
ME = b'{"user": "me"}'
MIB = 2**20


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@asynccontextmanager
async def client(url: str, timeout_s: float = 20.0) -> AsyncIterator[Platform]:
    platform = Platform(url, TOKEN, timedelta(seconds=timeout_s), Clock())
    try:
        yield platform
    finally:
        await platform.close()


async def me(say: Say, timeout_s: float = 20.0) -> object:
    async with listening(say) as raw, client(raw.url, timeout_s) as platform:
        return await platform.me()


async def failed(say: Say, error: type[DispatcherError] = TransientError, timeout_s: float = 20.0) -> tuple[str, Raw]:
    async with listening(say) as raw, client(raw.url, timeout_s) as platform:
        with pytest.raises(error) as caught:
            await platform.me()
    said = str(caught.value)
    assert TOKEN.casefold() not in said.casefold()
    assert "\n" not in said
    return said, raw


async def test_an_answer_that_trickles_in_is_given_up_when_its_time_is_over() -> None:
    async def trickle(_head: bytes, writer: asyncio.StreamWriter) -> None:
        for byte in answer(ME * 1000):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.01)

    said, raw = await failed(trickle, timeout_s=0.3)
    assert "did not answer in time (api.timeout)" in said
    assert len(raw.heads) == ATTEMPTS


@pytest.mark.parametrize("chunked", [True, False])
async def test_an_answer_without_end_is_not_read_to_its_end(chunked: bool) -> None:
    sent = 0

    async def flood(_head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n" + (b"transfer-encoding: chunked\r\n\r\n" if chunked else b"\r\n"))
        while sent < 20 * LARGEST_BODY:
            writer.write(b"10000\r\n" + b"[" * 65536 + b"\r\n" if chunked else b"[" * 65536)
            await writer.drain()
            sent += 65536

    said, raw = await failed(flood)
    assert "answered more than 16 MiB; it was not read further" in said
    assert len(raw.heads) == 1
    assert sent < 3 * LARGEST_BODY


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(size // MIB)) + packer.flush()


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
async def test_an_answer_that_unpacks_without_end_is_not_unpacked_further() -> None:
    packed = answer(bomb(160 * MIB), "content-encoding: gzip")
    tracemalloc.reset_peak()
    said, _ = await failed(saying(packed))
    assert "answered more than 16 MiB" in said
    assert tracemalloc.get_traced_memory()[1] < 60 * MIB


async def test_what_follows_a_packed_answer_is_not_kept() -> None:
    assert await me(saying(answer(gzip.compress(ME) + bytes(3 * MIB), "content-encoding: gzip"))) == {"user": "me"}
    said, _ = await failed(saying(answer(gzip.compress(ME) + bytes(17 * MIB), "content-encoding: gzip")))
    assert "answered more than 16 MiB" in said


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "deflate", "gzip, identity"])
async def test_an_encoding_that_was_not_asked_for_is_not_unpacked(encoding: str) -> None:
    said, raw = await failed(saying(answer(gzip.compress(gzip.compress(ME)), f"content-encoding: {encoding}")))
    assert "auth/me answered something that cannot be unpacked" in said
    assert b"accept-encoding: gzip\r\n" in raw.heads[0].lower()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(ME, "gzip"), (gzip.compress(ME)[:-12], "gzip"), (b"\x1f\x8b\x08\0garbage....", "gzip"), (gzip.compress(ME), "")],
    ids=["not packed", "cut", "garbage", "packed and not said to be"],
)
async def test_a_packed_answer_that_is_broken_is_tried_again(body: bytes, encoding: str) -> None:
    said, raw = await failed(saying(answer(body, f"content-encoding: {encoding}")))
    assert "auth/me answered something that" in said
    assert len(raw.heads) == ATTEMPTS


@pytest.mark.parametrize(
    "said",
    [
        answer(b"6\r\n" + ME[:6] + b"\r\n8\r\n" + ME[6:] + b"\r\n0\r\n\r\n", "transfer-encoding: chunked"),
        answer(gzip.compress(ME), "content-encoding: GZip"),
        answer(gzip.compress(ME), "content-encoding: x-gzip"),
        answer(ME, "content-encoding: identity"),
        answer(ME, "content-type: text/html; charset=utf-16"),
        answer(ME, "content-type: application/octet-stream"),
        answer(ME, "content-type: ,,;"),
        b"HTTP/1.0 200 fine\r\n\r\n" + ME,
        b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + answer(ME),
        answer(ME, "date: Sat, 01 Jan 2000 00:00:00 +9999999999999999999999"),
        answer(ME, "date: \xff\xfe"),
    ],
)
async def test_an_answer_that_can_be_read_is_read(said: bytes) -> None:
    assert await me(saying(said)) == {"user": "me"}


@pytest.mark.parametrize(
    "said",
    [
        b"",
        answer(ME, "content-length: 1000"),
        answer(ME, "content-length: many"),
        answer(b"6\r\n" + ME[:6] + b"\r\n", "transfer-encoding: chunked"),
        answer(b"zz\r\n", "transfer-encoding: chunked"),
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100_000,
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
    ids=["nothing", "cut", "no length", "chunks cut", "no chunk", "headers without end", "another protocol"],
)
async def test_an_answer_that_breaks_off_or_is_none_is_tried_again(said: bytes) -> None:
    sentence, raw = await failed(saying(said))
    assert "the connection broke off, or what came over it is not HTTP" in sentence
    assert len(raw.heads) == ATTEMPTS


async def test_an_answer_that_is_shorter_than_its_document_is_no_document() -> None:
    said, _ = await failed(saying(answer(ME, "content-length: 5")))
    assert "answered something that is not JSON" in said


async def test_a_connection_that_is_reset_in_mid_answer_is_tried_again() -> None:
    async def reset(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(ME, "content-length: 1000"))
        await writer.drain()
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    said, raw = await failed(reset)
    assert "the connection broke off" in said
    assert len(raw.heads) == ATTEMPTS


async def echo(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(head)


async def echo_as_status(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(f"Bearer {TOKEN}\r\n\r\n".encode())


async def echo_as_header(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(f"HTTP/1.1 200 OK\r\nBearer {TOKEN}\r\n\r\n".encode())


async def echo_as_reason(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(TOKEN.encode(), status=f"500 {TOKEN}"))


@pytest.mark.parametrize("say", [echo, echo_as_status, echo_as_header, echo_as_reason])
async def test_a_token_that_is_sent_back_is_not_quoted(say: Say) -> None:
    said, _ = await failed(say)
    assert said


@pytest.mark.parametrize(
    "location",
    [
        f"http://elsewhere.example/{TOKEN}",
        f"http://elsewhere.example/{quote(TOKEN, safe='')}",
        f"http://elsewhere.example/{quote(TOKEN, safe='').lower()}",
        f"http://{TOKEN.replace('/', '.')}/{TOKEN}",
        "http://elsewhere.example/" + "x" * 300,
    ],
)
async def test_a_redirect_that_echoes_the_request_is_not_quoted(location: str) -> None:
    said, raw = await failed(saying(answer(b"", f"location: {location}", status="302 Found")), PermanentError)
    assert quote(TOKEN, safe="").casefold() not in said.casefold()
    assert "redirects to somewhere else: set api.base_url" in said
    assert len(raw.heads) == 1


async def test_a_redirect_to_nowhere_is_told() -> None:
    said, _ = await failed(saying(answer(b"", status="300 Choose")), PermanentError)
    assert "redirects to somewhere else: set api.base_url" in said
    said, _ = await failed(saying(answer(b"", f"location: http://x:{TOKEN}/", status="302 Found")), PermanentError)
    assert "redirects to somewhere else: set api.base_url" in said


async def test_of_a_redirect_only_the_place_is_quoted() -> None:
    location = f"location: https://user:{quote(TOKEN, safe='')}@elsewhere.example/login?next={TOKEN}#{TOKEN}"
    said, _ = await failed(saying(answer(b"", location, status="302 Found")), PermanentError)
    assert "redirects to https://elsewhere.example/login: set api.base_url" in said


@pytest.mark.parametrize("tag", ['"\xe9"', '"\u00a0"'])
async def test_a_tag_that_no_request_could_bear_is_not_sent_back(tag: str) -> None:
    page = answer(b'{"phones": [], "total": 0, "totalPages": 0}', f"etag: {tag}")
    async with listening(saying(page)) as raw, client(raw.url) as platform:
        known = (await platform.page("phones", "phones", 1)).mark
        assert await platform.page_since("phones", "phones", 1, known) is None
    assert not any(b"if-none-match" in head.lower() for head in raw.heads)


async def test_a_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(saying(answer(ME))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with client("http://platform.invalid/api") as platform:
            assert await platform.me() == {"user": "me"}
    assert proxy.heads[0].startswith(b"GET http://platform.invalid/api/auth/me HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("host", "passed_by"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "elsewhere.example, 127.0.0.1"),
        ("127.0.0.1", "elsewhere.example, *"),
        ("127.0.0.1", "*"),
        ("[::1]", "::1"),
        ("[::1]", "[::1]"),
    ],
)
async def test_a_proxy_is_passed_by_where_the_environment_says_so(
    host: str, passed_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(saying(answer(ME))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", passed_by)
        async with client(f"http://{host}:9/api") as platform:
            with pytest.raises(TransientError, match="cannot be reached"):
                await platform.me()  # at a port where nobody listens
    assert proxy.heads == []


async def test_a_proxy_never_sees_the_token_of_a_platform_with_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(saying(answer(b"", status=f"407 {TOKEN}"))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with client("https://platform.invalid/api") as platform:
            with pytest.raises(TransientError, match="the proxy that the environment names does not let") as caught:
                await platform.me()
    assert TOKEN not in str(caught.value)
    assert proxy.heads[0].startswith(b"CONNECT platform.invalid:443 HTTP/1.1\r\n")
    assert TOKEN.encode() not in b"".join(proxy.heads)


@pytest.mark.parametrize(
    "proxy", ["socks5://u:a-password@127.0.0.1:1", "ftp://u:a-password@x", "http://u:a-password@x:y"]
)
async def test_a_proxy_that_cannot_be_used_is_a_fault_of_the_configuration(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ConfigurationError, match="set HTTP_PROXY, HTTPS_PROXY or ALL_PROXY") as caught:
        Platform("http://platform.invalid/api", TOKEN, timedelta(seconds=1), Clock())
    assert "a-password" not in str(caught.value)
