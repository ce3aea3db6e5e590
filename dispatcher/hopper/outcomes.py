"""What workers report: the outcome streams, read until what they hold has been applied to SQL.

A stream holds only what has not been applied yet, so that reading starts at its beginning and a crash between SQL and
the removal merely shows the same reports again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

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
        self._reading: dict[Redis, asyncio.Task[list[Report]]] = {}

    async def wait(self, phones: Sequence[str], block_s: float) -> list[Report]:
        """Return what is in the streams of these phones; if that is nothing, wait so long for the first report."""
        names = [(keys.outcomes(self._prefix, phone), phone) for phone in phones]
        for client, streams in await apart(self._reader, names):
            if client not in self._reading:
                self._reading[client] = asyncio.create_task(_read(client, streams, block_s))
        # A read of another server that is still waiting goes on, for the next turn to take what it finds.
        done, _ = await asyncio.wait(self._reading.values(), return_when=asyncio.FIRST_COMPLETED)
        self._reading = {client: task for client, task in self._reading.items() if task not in done}
        faults = [task.exception() for task in done]
        reports = [report for task in done if task.exception() is None for report in task.result()]
        for fault in faults:
            # What other servers have said is kept for no next time: it is there until it is dropped.
            if fault is not None and not reports:
                raise fault
        return reports

    async def pending(self, phone: str) -> list[Report]:
        """Return what one phone's stream holds now, without waiting."""
        with translated():
            entries: Any = await self._writer.xrange(keys.outcomes(self._prefix, phone), count=_BATCH)
        return _reports(phone, entries)

    async def drop(self, reports: Sequence[Report]) -> None:
        """Remove reports that have been applied."""
        by_phone: dict[str, list[str]] = {}
        for report in reports:
            by_phone.setdefault(report.phone, []).append(report.id)
        with translated():
            async with self._writer.pipeline(transaction=False) as pipeline:
                for phone, ids in by_phone.items():
                    pipeline.xdel(keys.outcomes(self._prefix, phone), *ids)
                await pipeline.execute()


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
