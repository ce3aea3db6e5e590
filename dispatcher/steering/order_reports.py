"""What the platform could not be told of orders, told again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dispatcher.mirror import order_reports
from dispatcher.mirror.database import Connection, Database
from dispatcher.reports.order_reports import find

NOT_GIVEN_UP = "nothing of it was given up"


def retry(
    database: Database, now: datetime, orders: Sequence[str] | None = None, campaign: str | None = None
) -> dict[str, Any]:
    """Let what was given up be told from now on: of these orders (None: of all), of a campaign as in `explain`."""
    retried = database.run_write(_retry, now, orders, campaign)
    refused = [order for order in dict.fromkeys(orders or ()) if order not in retried]
    return {
        "retried": {
            "reports": len(retried),
            "refused": [{"order": order, "why": NOT_GIVEN_UP} for order in refused],
        }
    }


def _retry(connection: Connection, now: datetime, orders: Sequence[str] | None, campaign: str | None) -> set[str]:
    meant = orders if orders is not None else [one.order for one in find(connection, campaign, given_up=True)]
    return order_reports.retry(connection, meant, now)
