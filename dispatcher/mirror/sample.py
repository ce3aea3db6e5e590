"""Some of the numbers that wait in each campaign, at a cost that does not grow with the lists."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, select, union_all

from dispatcher.mirror.orders import is_waiting
from dispatcher.mirror.rows import chunks
from dispatcher.mirror.tables import orders

EACH = 20
"""Numbers of one campaign."""


def numbers(connection: Connection, campaigns: Iterable[str]) -> dict[str, list[str]]:
    """Return the numbers, in E.164, of the orders that each campaign would call first; none of one without any."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for some in chunks(campaigns):
        first = (
            select(orders.c.campaign, orders.c.e164)
            .where(is_waiting, orders.c.campaign == campaign)
            # The order of the index, so that no more than these rows are read.
            .order_by(orders.c.rank, orders.c.due_at, orders.c.uuid)
            .limit(EACH)
            .subquery()
            for campaign in some
        )
        for campaign, number in connection.execute(union_all(*(select(one) for one in first))):
            found[campaign].append(number)
    return dict(found)
