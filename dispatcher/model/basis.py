"""The basis of a queued call: everything of campaign, phone and order that it was queued by.

A call whose basis is no longer that of the mirror is taken back: it would dial an old number, tell an old story or
use an assistant that was exchanged.
"""

from hashlib import blake2b

from dispatcher.model.campaign import Campaign, Phone
from dispatcher.model.order import Order


def basis(campaign: Campaign, phone: Phone, order: Order) -> str:
    """Return a digest of what a call document and the judgement over it depend on."""
    facts = (
        *(campaign.uuid, campaign.name, campaign.timezone, campaign.schedule, campaign.phone, campaign.assistant),
        *(phone.uuid, phone.number, phone.provider),
        *(order.uuid, order.campaign, order.status, order.number, order.scheduled_at, order.instructions),
        *(order.record, order.record_name),
    )
    return blake2b(repr(facts).encode("utf-8", "backslashreplace"), digest_size=12).hexdigest()
