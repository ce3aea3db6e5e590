"""Books with campaigns in them."""

from datetime import UTC, datetime, timedelta

from dispatcher.loops.book import Book
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.rules.plan import Plan, make_plan

MONDAY = datetime(2026, 3, 23, tzinfo=UTC)
"""In the week before Berlin's clocks go forward."""

MOST = timedelta(minutes=10)
HOUR = timedelta(hours=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PHONE = Phone("phone_1", "", "+16054440129", "US", "vapi", "active")


def a_plan(uuid: str, start: str = "09:00", end: str = "17:00", place: str = "UTC", status: str = "active") -> Plan:
    schedule = {day: {"start": start, "end": end} for day in DAYS}
    campaign = Campaign(uuid, uuid, status, "outbound", place, schedule, "phone_1", "assistant_1")
    return make_plan(campaign, {"phone_1": PHONE})


def a_book(at: datetime, *plans: Plan) -> Book:
    book = Book(MOST)
    book.replace(plans, at)
    book.synced_at = at
    book.hopper = None
    book.orders_synced_at = {plan.campaign.uuid: at for plan in plans}
    return book


def dialing(book: Book, at: datetime) -> list[str]:
    return [plan.campaign.uuid for plan in book.dialing(at)]
