"""What workers report: the outcome streams, read until what they hold has been applied to SQL.

A stream holds only what has not been applied yet, so that reading starts at its beginning and a crash between SQL and
the removal merely shows the same reports again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

from dispatcher.hopper import keys
from dispatcher.hopper.connection import translated

_BATCH = 500
_WORD_LENGTH = 64
_DETAIL_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Report:
    """One report of a worker. `word` is its outcome as written, or `begun`; `at` is when Redis took it, in UTC."""

    id: str
    phone: str
    job: str
    entry: str | None
    word: str
    detail: str | None
    call_id: str | None
    at: datetime


class Outcomes:
    """The outcome streams of all phones."""

    def __init__(self, writer: Redis, reader: Redis, prefix: str) -> None:
        self._writer = writer
        self._reader = reader
        self._prefix = prefix

    async def wait(self, phones: Sequence[str], block_s: float) -> list[Report]:
        """Return what is in the streams of these phones; if that is nothing, wait so long for the first report."""
        names = {keys.outcomes(self._prefix, phone): phone for phone in phones}
        with translated():
            answer: Any = await self._reader.xread(dict.fromkeys(names, "0"), count=_BATCH, block=int(block_s * 1000))
        return [
            report
            for name, batches in (answer or {}).items()
            for batch in batches
            for report in _reports(names[name], batch)
        ]

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
        )
        for id_, fields in entries
    ]


def _text(fields: dict[str, str], name: str, longest: int) -> str:
    """Return a field without NUL, which PostgreSQL does not store: one report must not block all others."""
    return fields.get(name, "").replace("\0", "")[:longest]


def _instant(id_: str) -> datetime:
    """Return when Redis took an entry; an id that a worker made up may lie beyond the calendar."""
    try:
        return datetime.fromtimestamp(int(id_.split("-", maxsplit=1)[0]) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)
