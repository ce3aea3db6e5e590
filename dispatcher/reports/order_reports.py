"""What the platform has not been told of orders, by `report.orders`, as JSON."""

from functools import partial
from typing import Any

from dispatcher.mirror import order_reports
from dispatcher.mirror.database import Connection
from dispatcher.mirror.order_reports import Owed
from dispatcher.reports.finding import find_past_campaign
from dispatcher.reports.instants import iso

WAITING = "waiting"
GIVEN_UP = "given-up"
STATES = (WAITING, GIVEN_UP)


def untold(
    connection: Connection, *, campaign: str | None = None, state: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    """Return the latest of what the platform has not been told, of a campaign, in one of STATES.

    `waiting` and `given_up` count all that there is. NotFoundError without such a campaign.
    """
    waiting, given_up = order_reports.counts(connection)
    listed = find(connection, campaign, None if state is None else state == GIVEN_UP, limit)
    return {"waiting": waiting, "given_up": given_up, "reports": [_document(one) for one in listed]}


def find(connection: Connection, campaign: str | None, given_up: bool | None, limit: int | None = None) -> list[Owed]:
    """Return what the platform has not been told; a campaign that is gone is named by its uuid."""
    if campaign is not None:
        left = partial(order_reports.listed, connection, campaign=campaign, limit=1)
        campaign = find_past_campaign(connection, campaign, left)
    return order_reports.listed(connection, campaign=campaign, given_up=given_up, limit=limit)


def _document(owed: Owed) -> dict[str, Any]:
    return {
        "order": owed.order,
        "campaign": owed.campaign,
        "status": owed.status,
        "state": GIVEN_UP if owed.given_up_at else WAITING,
        "since": iso(owed.since),
        "tries": owed.tries,
        "fault": owed.fault,
        "next_at": None if owed.given_up_at else iso(owed.next_at),
        "given_up_at": iso(owed.given_up_at),
    }
