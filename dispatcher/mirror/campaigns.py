"""Campaigns and phones in the mirror."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, func, select, update

from dispatcher.mirror.rows import chunks, put
from dispatcher.mirror.tables import campaigns, orders, phones
from dispatcher.model.campaign import Campaign, Phone

TABLES: Mapping[str, Table] = {"campaigns": campaigns, "phones": phones}


def digests(connection: Connection, kind: str) -> dict[str, str]:
    """Return the digest of each mirrored thing of a kind (`campaigns` or `phones`)."""
    table = TABLES[kind]
    rows = connection.execute(select(table.c.uuid, table.c.digest).where(table.c.removed_at.is_(None)))
    return {row.uuid: row.digest for row in rows}


def put_campaigns(
    connection: Connection, found: Sequence[tuple[Campaign, Mapping[str, Any], str]], at: datetime
) -> None:
    """Write campaigns that are new or have changed, each with its document and that document's digest."""
    at = _stamp(connection, campaigns, at)
    put(
        connection,
        campaigns,
        [
            {
                "uuid": campaign.uuid,
                "name": campaign.name,
                "status": campaign.status,
                "type": campaign.type,
                "timezone": campaign.timezone,
                "schedule": campaign.schedule,
                "phone": campaign.phone,
                "assistant": campaign.assistant,
                "fault": campaign.fault,
                "document": document,
                "digest": digest,
                "mirrored_at": at,
                "removed_at": None,
            }
            for campaign, document, digest in found
        ],
    )


def put_phones(connection: Connection, found: Sequence[tuple[Phone, Mapping[str, Any], str]], at: datetime) -> None:
    """Write phones that are new or have changed, each with its document and that document's digest."""
    at = _stamp(connection, phones, at)
    put(
        connection,
        phones,
        [
            {
                "uuid": phone.uuid,
                "name": phone.name,
                "number": phone.number,
                "country": phone.country,
                "provider": phone.provider,
                "status": phone.status,
                "fault": phone.fault,
                "document": document,
                "digest": digest,
                "mirrored_at": at,
                "removed_at": None,
            }
            for phone, document, digest in found
        ],
    )


def remove(connection: Connection, kind: str, uuids: Collection[str], at: datetime) -> None:
    """Mark things as removed; their history stays, and they come back if the platform lists them again."""
    table = TABLES[kind]
    at = _stamp(connection, table, at)
    for some in chunks(uuids):
        connection.execute(update(table).where(table.c.uuid.in_(some)).values(removed_at=at))


def load(connection: Connection) -> tuple[dict[str, Campaign], dict[str, Phone]]:
    """Return all campaigns and phones that the platform has, by uuid."""
    found = connection.execute(select(campaigns).where(campaigns.c.removed_at.is_(None)).order_by(campaigns.c.name))
    known = {
        row.uuid: Campaign(
            uuid=row.uuid,
            name=row.name,
            status=row.status,
            type=row.type,
            timezone=row.timezone,
            schedule=row.schedule,
            phone=row.phone,
            assistant=row.assistant,
            fault=row.fault,
        )
        for row in found
    }
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
    connection.execute(update(campaigns).where(campaigns.c.uuid == campaign).values(orders_synced_at=at))


def version(connection: Connection) -> tuple[object, ...]:
    """Return something that differs whenever campaigns or phones have been changed, by whichever process."""
    return tuple(
        value
        for table in (campaigns, phones)
        for value in connection.execute(
            select(func.count(), func.max(table.c.mirrored_at), func.max(table.c.removed_at)).select_from(table)
        ).one()
    )


def orders_synced_at(connection: Connection) -> dict[str, datetime]:
    """Return when each campaign's orders were last read to the end, where they ever were."""
    rows = connection.execute(
        select(campaigns.c.uuid, campaigns.c.orders_synced_at).where(campaigns.c.orders_synced_at.is_not(None))
    )
    return {row.uuid: row.orders_synced_at for row in rows}


def _stamp(connection: Connection, table: Table, at: datetime) -> datetime:
    """Return `at`, or just after the newest stamp: a clock that was set back must not hide a change from `version`."""
    newest = connection.execute(select(func.max(table.c.mirrored_at), func.max(table.c.removed_at))).one()
    later: list[datetime] = [stamp + timedelta(microseconds=1) for stamp in newest if stamp is not None]
    return max([at, *later])
