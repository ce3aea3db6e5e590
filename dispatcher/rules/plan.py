"""A campaign made ready to be judged: its schedule and zone read once, and what stands against it whatever the hour."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from zoneinfo import ZoneInfo

from dispatcher.model.campaign import Campaign, CampaignStatus, CampaignType, Phone, PhoneStatus
from dispatcher.model.reasons import Code, Reason
from dispatcher.rules.fault import Fault
from dispatcher.rules.schedule import Week, parse_schedule
from dispatcher.rules.zones import zone

DaysOff = Mapping[str, Collection[date]]
"""By campaign, the days on its own clock on which it is closed whatever its schedule says."""

NO_DAYS_OFF: DaysOff = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign with its phone, week and zone.

    `standing` holds the reasons that no passing of time ends. A plan without any has a week, a zone and a phone.
    """

    campaign: Campaign
    phone: Phone | None
    week: Week | None
    zone: ZoneInfo | None
    standing: tuple[Reason, ...]


def make_plan(campaign: Campaign, phones: Mapping[str, Phone], days_off: DaysOff = NO_DAYS_OFF) -> Plan:
    """Read a campaign's schedule and zone and find its phone; nothing that it holds raises."""
    standing = _campaign_reasons(campaign)
    week: Week | None = None
    place: ZoneInfo | None = None
    try:
        week = parse_schedule(campaign.schedule).without(days_off.get(campaign.uuid, ()))
    except Fault as fault:
        standing.append(fault.reason)
    try:
        place = zone(campaign.timezone)
    except Fault as fault:
        standing.append(fault.reason)
    phone = phones.get(campaign.phone) if campaign.phone else None
    standing += _phone_reasons(campaign, phone)
    if not campaign.assistant:
        standing.append(Reason(Code.NO_ASSISTANT, "no outbound assistant is assigned to the campaign"))
    return Plan(campaign, phone, week, place, tuple(standing))


def make_plans(
    campaigns: Iterable[Campaign], phones: Mapping[str, Phone], days_off: DaysOff = NO_DAYS_OFF
) -> Iterator[Plan]:
    """Yield the plan of each campaign, as `make_plan` does; thousands differ in nothing that is read but their names.

    Campaigns with one and the same object for a schedule are known to keep the same hours.
    """
    alike: dict[tuple[object, ...], Plan] = {}
    for one in campaigns:
        if one.uuid in days_off:
            yield make_plan(one, phones, days_off)
            continue
        read = (one.status, one.type, one.timezone, id(one.schedule), one.phone, one.assistant, one.fault, one.listed)
        known = alike.get(read)
        if known is None:
            known = alike[read] = make_plan(one, phones)
            yield known
        else:
            yield Plan(one, known.phone, known.week, known.zone, known.standing)


def made_again(plan: Plan, days_off: DaysOff) -> Plan:
    """Return the plan with its schedule and zone read anew: for after another tz database was taken into use."""
    return make_plan(plan.campaign, {plan.phone.uuid: plan.phone} if plan.phone else {}, days_off)


_UNLISTED = (
    "and so many others that the removal is not believed; if it is gone, run `dispatcher sync --accept-removals`"
)


def _campaign_reasons(campaign: Campaign) -> list[Reason]:
    found = []
    if not campaign.listed:
        found.append(Reason(Code.MIRROR_STALE, f"the platform no longer lists the campaign, {_UNLISTED}"))
    if campaign.fault:
        found.append(
            Reason(Code.CAMPAIGN_INVALID, f"the platform's document of the campaign is malformed: {campaign.fault}")
        )
    if campaign.status != CampaignStatus.ACTIVE:
        found.append(
            Reason(Code.CAMPAIGN_NOT_ACTIVE, f"the campaign is {campaign.status or 'without a status'}, not active")
        )
    if campaign.type != CampaignType.OUTBOUND:
        found.append(
            Reason(Code.CAMPAIGN_NOT_OUTBOUND, f"the campaign is {campaign.type or 'without a type'}, not outbound")
        )
    return found


def _phone_reasons(campaign: Campaign, phone: Phone | None) -> list[Reason]:
    if not campaign.phone:
        return [Reason(Code.NO_PHONE, "no outbound phone is assigned to the campaign")]
    if phone is None:
        return [Reason(Code.PHONE_UNKNOWN, f"the platform lists no phone {campaign.phone}")]
    if not phone.listed:
        return [Reason(Code.PHONE_UNKNOWN, f"the platform no longer lists phone {phone.uuid}, {_UNLISTED}")]
    if phone.fault:
        return [
            Reason(Code.PHONE_NOT_ACTIVE, f"the platform's document of phone {phone.uuid} is malformed: {phone.fault}")
        ]
    if phone.status != PhoneStatus.ACTIVE:
        return [
            Reason(
                Code.PHONE_NOT_ACTIVE,
                f"the phone {phone.number} is {phone.status or 'without a status'}, not active",
            )
        ]
    return []
