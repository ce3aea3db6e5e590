"""A server of ready-made pages, in a process of its own: what it costs is not what the mirror costs."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from urllib.parse import parse_qs, urlsplit

import orjson

SIZE = 100
CAMPAIGN = "c-0000000"

_DAY = {"start": "09:00", "end": "17:00"}
_WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), _DAY)


_PHONE: dict[str, object] = {
    "uuid": "9z8y7x6w-5v4u-3t2s-1r0q-9p8o7n6m5l4k",
    "name": "Main Office Line",
    "number": "+16054440129",
    "status": "active",
}


def _campaign(place: int) -> dict[str, object]:
    return {
        "uuid": f"c-{place:07d}",
        "name": f"Campaign number {place}",
        "description": "Direct outreach for new property listings",
        "status": "active",
        "type": "outbound",
        "timezone": "Europe/London",
        "schedule": _WEEK,
        "recordTypeUuid": "7d4f10a2-b91c-4d5e-6f7a-8b9c0d1e2f3a",
        "outboundAssistantUuid": "1a2b3c4d-5e6f-4a8b-9c0d-1e2f3a4b5c6d",
        "inboundAssistantUuid": None,
        "outboundPhoneUuid": "9z8y7x6w-5v4u-3t2s-1r0q-9p8o7n6m5l4k",
        "inboundPhoneUuid": None,
        "createdAt": "2026-04-10T09:24:11Z",
        "updatedAt": "2026-04-22T13:58:02Z",
    }


def _order(place: int) -> dict[str, object]:
    return {
        "uuid": f"order_{place:08d}",
        "campaignUuid": CAMPAIGN,
        "status": "planned",
        "scheduledTime": None,
        "scheduledTimeTimezone": None,
        "scheduledDurationSeconds": None,
        "price": None,
        "currencyCode": None,
        "instructions": None,
        "record": {
            "uuid": f"record_{place:08d}",
            "name": f"Person {place}",
            "phoneNumber": f"+1212{2_000_000 + place % 7_999_999:07d}",
        },
    }


@contextmanager
def served(campaigns: int, orders: int) -> Iterator[str]:
    """Serve an account with so many campaigns, the first of which has so many orders; give its address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, campaigns, orders), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/api"
    finally:
        process.kill()
        process.join()


def _serve(told: Connection, campaigns: int, orders: int) -> None:
    asyncio.run(_run(told, campaigns, orders))


async def _run(told: Connection, campaigns: int, orders: int) -> None:
    lists = {
        "/api/phones": _pages("phones", [_PHONE]),
        "/api/campaigns": _pages("campaigns", [_campaign(place) for place in range(campaigns)]),
        f"/api/campaigns/{CAMPAIGN}/orders": _pages("orders", [_order(place) for place in range(orders)]),
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            target = urlsplit(head.split(b" ", 2)[1].decode())
            pages = lists[target.path]
            number = int(parse_qs(target.query).get("page", ["1"])[0])
            writer.write(pages[min(number, len(pages)) - 1])
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _pages(key: str, things: list[dict[str, object]]) -> list[bytes]:
    """Return the answers for each page of a list, heads and all."""
    count = max(1, -(-len(things) // SIZE))
    found = []
    for number in range(1, count + 1):
        items = things[(number - 1) * SIZE : number * SIZE]
        page = {key: items, "total": len(things), "page": number, "limit": SIZE, "totalPages": count}
        body = orjson.dumps(page)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        found.append(head.encode() + body)
    return found
