"""Orders as lines of a file: CSV with a heading, or JSON objects."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from dispatcher.mirror.exports import Exported
from dispatcher.reports.instants import iso

_COLUMNS = (
    *("uuid", "id", "campaignUuid", "source", "phoneNumber", "name", "country", "instructions", "scheduledTime"),
    *("status", "attempts", "last_outcome", "last_ended_at", "retry_at", "closed_as", "closed_at"),
)


def writer(file: TextIO, form: str) -> Callable[[Sequence[Exported]], None]:
    """Return what writes orders to a file, in the form `csv` or `jsonl`; a CSV file gets its heading at once."""
    if form == "jsonl":
        return lambda orders: file.writelines(json.dumps(fields(one), ensure_ascii=False) + "\n" for one in orders)
    rows = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
    rows.writeheader()
    return lambda orders: rows.writerows(map(fields, orders))


def fields(order: Exported) -> Mapping[str, Any]:
    """Return an order's fields, those of the platform's under its own names; instants are ISO 8601 in UTC with `Z`."""
    return {
        "uuid": order.uuid,
        "id": order.id,
        "campaignUuid": order.campaign,
        "source": "import" if order.imported else "platform",
        "phoneNumber": order.number,
        "name": order.name,
        "country": order.country,
        "instructions": order.instructions,
        "scheduledTime": iso(order.scheduled_at),
        "status": order.status,
        "attempts": order.attempts,
        "last_outcome": order.last_outcome,
        "last_ended_at": iso(order.last_ended_at),
        "retry_at": iso(order.retry_at),
        "closed_as": order.closed_as,
        "closed_at": iso(order.closed_at),
    }
