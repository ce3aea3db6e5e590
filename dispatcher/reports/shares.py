"""Which campaigns share a phone now, and how its calls are shared out among them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dispatcher.model.brakes import Brakes
from dispatcher.model.campaign import Campaign, Phone
from dispatcher.rules.eligibility import campaign_reasons
from dispatcher.rules.fairness import EVEN, share_of
from dispatcher.rules.plan import make_plan
from dispatcher.settings import Settings


def shares(
    campaigns: Iterable[Campaign], phones: Mapping[str, Phone], brakes: Brakes, at: datetime, settings: Settings
) -> dict[str, list[dict[str, Any]]]:
    """Return for each phone the campaigns that are open at `at` and not paused, with their weights and shares.

    A share is the part of the phone's calls that a campaign gets as long as all of them have orders due; what one
    cannot use goes to the others.
    """
    weights, days_off = settings.limits.weights, settings.schedule.blackout_dates
    sharing: dict[str, dict[str, Campaign]] = {}
    for campaign in campaigns:
        if campaign.phone is not None and not campaign_reasons(make_plan(campaign, phones, days_off), at, brakes):
            sharing.setdefault(campaign.phone, {})[campaign.uuid] = campaign
    return {
        phone: [
            {
                "campaign": uuid,
                "name": campaign.name,
                "weight": weights.get(uuid, EVEN),
                "share": round(share_of(uuid, {one: weights.get(one, EVEN) for one in together}), 3),
            }
            for uuid, campaign in together.items()
        ]
        for phone, together in sharing.items()
    }
