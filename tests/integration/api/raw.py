"""A socket that says what a test tells it to, byte for byte, where a server would not let itself be so rude."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Say = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Raw:
    """What was asked of it: the head of each request."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"


@asynccontextmanager
async def listening(say: Say, tls: ssl.SSLContext | None = None) -> AsyncIterator[Raw]:
    """Answer each connection's first request by `say`, and hang up."""
    raw = Raw()
    talks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            raw.heads.append(head)
            await say(head, writer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        task = asyncio.create_task(talk(reader, writer))
        talks.add(task)
        task.add_done_callback(talks.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=tls)
    raw.port = server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        server.close()
        for task in list(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # an aborted connection is closed in the next turn of the loop


def saying(*parts: bytes) -> Say:
    """Say these parts, whatever is asked."""

    async def say(_head: bytes, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()

    return say


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return an answer with its true length, unless a header tells another."""
    length = [] if any("length" in one or "chunked" in one for one in headers) else [f"content-length: {len(body)}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, *length, "connection: close", "", ""]).encode("latin-1") + body
