"""Campaigns and phones in the mirror."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, Text, and_, cast, func, select, update

from dispatcher.mirror.changes import ADDED, CHANGED, REMOVED, Change, differing
from dispatcher.mirror.documents import documents, fields, says_the_same
from dispatcher.mirror.rows import chunks
from dispatcher.mirror.tables import campaigns, orders, phones
from dispatcher.mirror.upsert import Columns, put
from dispatcher.model.campaign import Campaign, CampaignStatus, Phone
from dispatcher.model.found import Found

_FIELDS = {"campaigns": Campaign._fields[:-1], "phones": Phone._fields[:-1]}
"""Each has a column of its name; that a thing is listed is told otherwise."""

TABLES: Mapping[str, Table] = {"campaigns": campaigns, "phones": phones}


def mark_of(digest: str) -> int:
    """Return what of a digest is kept while a list is compared: sixty bits, which take a third of the memory."""
    return hash(digest) >> 4


def marks(connection: Connection, kind: str) -> dict[str, int]:
    """Return the mark of each mirrored thing of a kind."""
    table = TABLES[kind]
    rows = connection.execute(select(table.c.uuid, table.c.digest).where(table.c.removed_at.is_(None)))
    return {uuid: mark_of(digest) for uuid, digest in rows}


class Put(NamedTuple):
    """How many things were added and changed, and of the first of them what has become of each."""

    added: int
    changed: int
    changes: list[Change]


def put_found(
    connection: Connection,
    kind: str,
    found: Sequence[Found[Campaign] | Found[Phone]],
    at: datetime,
    *,
    known: Collection[str] = (),
    recorded: int = 0,
) -> Put:
    """Write things of a kind, each of them once; what has become of each is told of the first `recorded`.

    Those that may be `known` have not changed if their documents say the same as before. They are written all the
    same: somebody may have changed the rest of their rows by hand.
    """
    if not found:
        return Put(0, 0, [])
    table = TABLES[kind]
    before = documents(connection, table, known)
    news = [one for one in found if not says_the_same(before.get(one.thing.uuid), one.text)] if before else found
    changes = [_change(kind, one, before.get(one.thing.uuid)) for one in news[:recorded]]
    stamps = {"mirrored_at": _stamp(connection, table, at), "removed_at": None, "unlisted_at": None}
    put(connection, table, _columns(kind, found), stamps)
    changed = sum(one.thing.uuid in before for one in news)
    return Put(len(news) - changed, changed, changes)


def _columns(kind: str, found: Sequence[Found[Campaign] | Found[Phone]]) -> Columns:
    """Return what there are columns for."""
    things, digests, documents = zip(*found, strict=True)
    *fields, _ = zip(*things, strict=True)
    return dict(zip(_FIELDS[kind], fields, strict=True)) | {"digest": digests, "document": documents}


def _change(kind: str, found: Found[Campaign] | Found[Phone], before: str | None) -> Change:
    uuid, name = found.thing.uuid, found.thing.name
    if before is None:
        return Change(kind, uuid, name, ADDED)
    return Change(kind, uuid, name, CHANGED, *differing(fields(before), fields(found.text)))


def unlist(connection: Connection, kind: str, uuids: Collection[str], at: datetime) -> None:
    """Mark things whose removal is refused: the platform does not list them, so nothing is dialled by them.

    Those of the kind that are not named are listed again.
    """
    table = TABLES[kind]
    at = _stamp(connection, table, at)
    marked = set(connection.execute(select(table.c.uuid).where(table.c.unlisted_at.is_not(None))).scalars())
    for some in chunks(marked - set(uuids)):
        connection.execute(update(table).where(table.c.uuid.in_(some)).values(unlisted_at=None, mirrored_at=at))
    for some in chunks(set(uuids) - marked):
        connection.execute(update(table).where(table.c.uuid.in_(some)).values(unlisted_at=at, mirrored_at=at))


def faults(connection: Connection, kind: str) -> dict[str, str]:
    """Return what is wrong with the documents of things of a kind, by uuid."""
    table = TABLES[kind]
    rows = connection.execute(
        select(table.c.uuid, table.c.fault).where(table.c.removed_at.is_(None), table.c.fault.is_not(None))
    )
    return {row.uuid: row.fault for row in rows}


def lacking(connection: Connection, listed: Collection[str]) -> list[str]:
    """Return the campaigns that the platform says are active, apart from those listed."""
    is_active = and_(campaigns.c.status == CampaignStatus.ACTIVE.value, campaigns.c.removed_at.is_(None))
    found = connection.execute(select(campaigns.c.uuid).where(is_active)).scalars()
    return [uuid for uuid in found if uuid not in listed]


def remove(connection: Connection, kind: str, uuids: Collection[str], at: datetime) -> list[Change]:
    """Mark things as removed; their history stays, and they come back if the platform lists them again."""
    table = TABLES[kind]
    at = _stamp(connection, table, at)
    names: dict[str, str] = {}
    for some in chunks(uuids):
        names |= {
            row.uuid: row.name
            for row in connection.execute(
                update(table).where(table.c.uuid.in_(some)).values(removed_at=at).returning(table.c.uuid, table.c.name)
            )
        }
    return [Change(kind, uuid, name, REMOVED) for uuid, name in names.items()]


def load(connection: Connection) -> tuple[dict[str, Campaign], dict[str, Phone]]:
    """Return all campaigns and phones that the platform has, by uuid."""
    c = campaigns.c
    columns = (c.uuid, c.name, c.status, c.type, c.timezone, cast(c.schedule, Text), c.phone, c.assistant, c.fault)
    is_listed = c.unlisted_at.is_(None)
    found = connection.execute(select(*columns, is_listed).where(c.removed_at.is_(None)).order_by(c.name))
    # Thousands of campaigns keep the same hours in the same zone, and call from the same phones.
    hours: dict[str | None, Any] = {None: None}
    shared: dict[str | None, Any] = {}
    once = shared.setdefault
    known = {}
    for uuid, name, status, kind, timezone, schedule, phone, assistant, fault, listed in found:
        if schedule not in hours:
            hours[schedule] = json.loads(schedule)
        known[uuid] = Campaign(
            uuid=uuid,
            name=name,
            status=once(status, status),
            type=once(kind, kind),
            timezone=once(timezone, timezone),
            schedule=hours[schedule],
            phone=once(phone, phone),
            assistant=once(assistant, assistant),
            fault=fault,
            listed=listed,
        )
    lines = connection.execute(select(phones).where(phones.c.removed_at.is_(None)))
    return known, {
        row.uuid: Phone(
            uuid=row.uuid,
            name=row.name,
            number=row.number,
            country=row.country,
            provider=row.provider,
            status=row.status,
            fault=row.fault,
            listed=row.unlisted_at is None,
        )
        for row in lines
    }


def counts(connection: Connection) -> dict[str, int]:
    """Return how many campaigns, phones and orders the mirror holds."""
    return {
        table.name: connection.execute(
            select(func.count()).select_from(table).where(table.c.removed_at.is_(None))
        ).scalar_one()
        for table in (campaigns, phones, orders)
    }


def orders_synced(connection: Connection, campaign: str, at: datetime) -> None:
    """Remember when a campaign's orders were last read to the end."""
    stamps = {"orders_synced_at": at, "orders_seen_at": at}
    connection.execute(update(campaigns).where(campaigns.c.uuid == campaign).values(**stamps))


def orders_seen(connection: Connection, campaign: str, at: datetime) -> None:
    """Remember when some of a campaign's orders were last read."""
    connection.execute(update(campaigns).where(campaigns.c.uuid == campaign).values(orders_seen_at=at))


def orders_imported(connection: Connection, campaign: str, at: datetime) -> None:
    """Remember that a file has brought orders for a campaign, in a way that a running daemon notices by `version`."""
    stamps = {"orders_imported_at": at, "mirrored_at": _stamp(connection, campaigns, at)}
    connection.execute(update(campaigns).where(campaigns.c.uuid == campaign).values(**stamps))


def orders_imported_at(connection: Connection) -> dict[str, datetime]:
    """Return when a file last brought orders for each campaign, where one ever did."""
    rows = connection.execute(
        select(campaigns.c.uuid, campaigns.c.orders_imported_at).where(campaigns.c.orders_imported_at.is_not(None))
    )
    return {row.uuid: row.orders_imported_at for row in rows}


def version(connection: Connection) -> tuple[object, ...]:
    """Return something that differs whenever campaigns or phones have been changed, by whichever process."""
    return tuple(stand(connection, kind) for kind in TABLES)


def stand(connection: Connection, kind: str) -> tuple[object, ...]:
    """Return something that differs whenever things of a kind have been changed, by whichever process."""
    table = TABLES[kind]
    return (*_newest(connection, table), connection.execute(select(func.count(table.c.mirrored_at))).scalar_one())


def orders_synced_at(connection: Connection) -> dict[str, datetime]:
    """Return when each campaign's orders were last read to the end, where they ever were."""
    rows = connection.execute(
        select(campaigns.c.uuid, campaigns.c.orders_synced_at).where(campaigns.c.orders_synced_at.is_not(None))
    )
    return {row.uuid: row.orders_synced_at for row in rows}


def orders_seen_at(connection: Connection) -> dict[str, datetime]:
    """Return when some of each campaign's orders were last read, where they ever were."""
    rows = connection.execute(
        select(campaigns.c.uuid, campaigns.c.orders_seen_at).where(campaigns.c.orders_seen_at.is_not(None))
    )
    return {row.uuid: row.orders_seen_at for row in rows}


def _stamp(connection: Connection, table: Table, at: datetime) -> datetime:
    """Return `at`, or just after the newest stamp: a clock that was set back must not hide a change from `version`."""
    later = [stamp + timedelta(microseconds=1) for stamp in _newest(connection, table) if stamp is not None]
    return max([at, *later])


def _newest(connection: Connection, table: Table) -> tuple[datetime | None, datetime | None]:
    """Return the newest stamps of writing and of removal: each by itself, which its index answers at once."""
    removed = select(func.max(table.c.removed_at)).where(table.c.removed_at.is_not(None))
    mirrored = select(func.max(table.c.mirrored_at))
    return connection.execute(mirrored).scalar_one(), connection.execute(removed).scalar_one()
