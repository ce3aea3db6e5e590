"""What workers report: the outcome streams, read until what they hold has been applied to SQL.

A stream holds only what has not been applied yet, so that reading starts at its beginning and a crash between SQL and
the removal merely shows the same reports again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from dispatcher.errors import TransientError
from dispatcher.hopper import keys
from dispatcher.hopper.connection import translated
from dispatcher.hopper.servers import Hopper, apart, at

_BATCH = 500
_WORD_LENGTH = 64
_DETAIL_LENGTH = 500
_MOST_WORDS = 20


@dataclass(frozen=True, slots=True)
class Report:
    """One report of a worker. `word` is its outcome as written, or `begun`; `at` is when Redis took it, in UTC.

    `fields` is all of it as it came, which may be anything.
    """

    id: str
    phone: str
    job: str
    entry: str | None
    word: str
    detail: str | None
    call_id: str | None
    at: datetime
    fields: Mapping[str, str] = field(default_factory=dict)

    def words(self) -> dict[str, str]:
        """Return what the worker reported, bounded, so that it can be kept."""
        some = list(self.fields)[:_MOST_WORDS]
        return {_clean(name)[:_WORD_LENGTH]: _text(self.fields, name, _DETAIL_LENGTH) for name in some}


class Outcomes:
    """The outcome streams of all phones."""

    def __init__(self, writer: Hopper, reader: Hopper, prefix: str) -> None:
        self._writer = writer
        self._reader = reader
        self._prefix = prefix
        self._reading: dict[Redis, asyncio.Task[list[Report] | TransientError]] = {}
        self._failing: set[Redis] = set()

    async def wait(self, phones: Sequence[str], block_s: float) -> list[Report]:
        """Return what is in the streams of these phones; if that is nothing, wait so long for the first report.

        One read for each server, however many phones there are. TransientError if none of the servers answers.
        """
        streams = [(keys.outcomes(self._prefix, phone), phone) for phone in phones]
        if isinstance(self._reader, Redis):
            return await _read(self._reader, dict(streams), block_s)
        for client, some in await apart(self._reader, streams):
            if client not in self._reading:
                self._reading[client] = asyncio.create_task(_read_or_pause(client, some, block_s))
        try:
            return await self._first_read()
        except asyncio.CancelledError:
            for task in self._reading.values():
                task.cancel()
            raise

    async def _first_read(self) -> list[Report]:
        """Return what the first servers to answer have said; the reads of the others go on into the next turn."""
        servers = set(self._reading)
        if not servers:
            raise TransientError("no node of Redis Cluster serves any slot of these phones: assign its slots")
        done, _ = await asyncio.wait(self._reading.values(), return_when=asyncio.FIRST_COMPLETED)
        reports: list[Report] = []
        for client in [client for client, task in self._reading.items() if task in done]:
            answer = self._reading.pop(client).result()
            if not isinstance(answer, TransientError):
                self._failing.discard(client)
                reports += answer
                continue
            # It is no reason to leave what the others say unread.
            self._failing.add(client)
            if self._failing >= servers:
                raise answer
        return reports

    async def pending(self, phone: str) -> list[Report]:
        """Return what one phone's stream holds now, without waiting."""
        stream = keys.outcomes(self._prefix, phone)
        with translated():
            try:
                entries: Any = await (await at(self._writer, stream)).xrange(stream, count=_BATCH)
            except ResponseError as fault:
                if not str(fault).startswith("WRONGTYPE"):
                    raise
                entries = []  # nobody can report there, and whoever adopts the queue makes room for reports again
        return _reports(phone, entries)

    async def drop(self, reports: Sequence[Report]) -> None:
        """Remove reports that have been applied."""
        ids: dict[str, list[str]] = {}
        for report in reports:
            ids.setdefault(keys.outcomes(self._prefix, report.phone), []).append(report.id)
        for client, some in await apart(self._writer, ids.items()):
            with translated():
                async with client.pipeline(transaction=False) as pipeline:
                    for stream, applied in some.items():
                        pipeline.xdel(stream, *applied)
                    await pipeline.execute()


async def _read(client: Redis, streams: Mapping[str, str], block_s: float) -> list[Report]:
    """Read the streams (with their phones) of one server; a key that is none must not keep the others unread."""
    with translated():
        try:
            answer = await _xread(client, list(streams), block_s)
        except ResponseError as fault:
            if not str(fault).startswith("WRONGTYPE"):
                raise
            answer = await _xread(client, await _readable(client, list(streams)), block_s)
    return [
        report
        for name, batches in (answer or {}).items()
        for batch in batches
        for report in _reports(streams[name], batch)
    ]


async def _xread(client: Redis, streams: Sequence[str], block_s: float) -> Any:
    if streams:
        return await client.xread(dict.fromkeys(streams, "0"), count=_BATCH, block=int(block_s * 1000))
    await asyncio.sleep(block_s)
    return None


async def _readable(client: Redis, streams: Sequence[str]) -> list[str]:
    async with client.pipeline(transaction=False) as pipeline:
        for stream in streams:
            pipeline.type(stream)
        kinds = await pipeline.execute()
    return [stream for stream, kind in zip(streams, kinds, strict=True) if kind in {"stream", "none"}]


async def _read_or_pause(client: Redis, streams: Mapping[str, str], block_s: float) -> list[Report] | TransientError:
    """Read the streams of one server, and take as long to fail as to find nothing: the next read comes at once."""
    try:
        return await _read(client, streams, block_s)
    except TransientError as fault:
        await asyncio.sleep(block_s)
        return fault


def _reports(phone: str, entries: Sequence[tuple[str, dict[str, str]]]) -> list[Report]:
    return [
        Report(
            id=id_,
            phone=phone,
            job=_text(fields, "job", _DETAIL_LENGTH),
            entry=_text(fields, "entry", _WORD_LENGTH) or None,
            word=_text(fields, "outcome", _WORD_LENGTH),
            detail=_text(fields, "detail", _DETAIL_LENGTH) or None,
            call_id=_text(fields, "call_id", _DETAIL_LENGTH) or None,
            at=_instant(id_),
            fields=fields,
        )
        for id_, fields in entries
    ]


def _text(fields: Mapping[str, str], name: str, longest: int) -> str:
    return _clean(fields.get(name, ""))[:longest]


def _clean(text: str) -> str:
    """Return a text without NUL, which PostgreSQL does not store: one report must not block all others."""
    return text.replace("\0", "")


def _instant(id_: str) -> datetime:
    """Return when Redis took an entry; an id that a worker made up may lie beyond the calendar."""
    try:
        return datetime.fromtimestamp(int(id_.split("-", maxsplit=1)[0]) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)
