"""A dialer that speaks HTTP, as the webhook bridge meets it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import httpx

from dispatcher.model.call import Call
from dispatcher.worker import Result
from dispatcher.worker.steps import Entry
from dispatcher.worker.webhook import Webhook
from tests.integration.worker.hopper import document

Handler = Callable[[dict[str, str], bytes], Awaitable[tuple[int, str] | None]]


def call(job: str = "job-1", not_after: datetime = datetime(2026, 11, 2, 17, 0, tzinfo=UTC)) -> Call:
    """A call whose window has closed, unless it is told otherwise: what cannot be reached is not tried again."""
    return Call.from_document(document(job) | {"notAfter": f"{not_after:%Y-%m-%dT%H:%M:%SZ}"}, "1-1")


CALL = call()


@asynccontextmanager
async def dialer(handler: Handler, port: int = 0) -> AsyncIterator[str]:
    """Run an HTTP server that answers each post as `handler` says; None closes the connection without an answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head)}
            answer = await handler(headers, await reader.readexactly(int(headers["content-length"])))
            if answer is not None:
                status, text = answer
                writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/calls"
    finally:
        server.close()
        await server.wait_closed()


def answering(status: int, text: str = "") -> Handler:
    async def handler(headers: dict[str, str], body: bytes) -> tuple[int, str]:
        return status, text

    return handler


async def post(url: str, body: object = None, content: bytes | None = None) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.post(url, json=body, content=content)).status_code


async def nowhere(entry: Entry, result: Result) -> None:
    """Where outcomes that are posted back go in a test that does not ask."""


async def placed(handler: Handler, **options: Any) -> Result:
    async with dialer(handler) as url, Webhook(url, nowhere, **options) as webhook:
        return await webhook(CALL)
