"""How many calls at once, how fast, and how long each may stay in its place."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from dispatcher.rules.breaker import Policy
from dispatcher.settings import durations
from dispatcher.settings.section import Section
from dispatcher.settings.values import Count, Duration, PositiveDuration, Rate, Share, Weights, absent, at_least


class Limits(Section):
    """How many calls at once, and how fast."""

    phone_concurrency: Count = Field(default=10, description="Calls at once per outbound phone.")
    phone_calls_per_second: Rate = Field(default=1.0, description="New calls per second per outbound phone.")
    campaign_concurrency: Annotated[Count | None, BeforeValidator(absent)] = Field(
        default=None, description="Calls at once per campaign."
    )
    total_concurrency: Annotated[Count | None, BeforeValidator(absent)] = Field(
        default=None, description="Calls at once in all."
    )
    phone_calls_per_day: Annotated[Count | None, BeforeValidator(absent)] = Field(
        default=None, description="Calls of one outbound phone within any 24 hours."
    )
    weights: Weights = Field(
        default={}, description="How many calls in turn a campaign places where others share its phone; 1 if not named."
    )


class Breaker(Section):
    """When a phone or an assistant whose calls fail is given a rest."""

    share: Annotated[Share | None, BeforeValidator(absent)] = Field(
        default=0.5, description="A phone or an assistant is paused when this part of its calls has failed."
    )
    least: Count = Field(default=10, description="Of fewer calls than this nothing is concluded.")
    within: PositiveDuration = Field(
        default=timedelta(minutes=2), description="The time over which calls that ended are counted."
    )
    probe_after: PositiveDuration = Field(
        default=timedelta(minutes=1), description="How long a pause lasts before one call tries again."
    )

    def policy(self) -> Policy | None:
        """Return when to pause and when to try again; None if never."""
        return None if self.share is None else Policy(self.share, self.least, self.within, self.probe_after)


class Hopper(Section):
    """How long calls may stay in each place: lease <= claim_timeout < call_timeout."""

    lease: Annotated[Duration, AfterValidator(at_least("1s"))] = Field(
        default=timedelta(seconds=10), description="How long a queued call outlives a dispatcher that has died."
    )
    claim_timeout: PositiveDuration = Field(
        default=timedelta(seconds=30),
        description="A claimed call that was never begun is taken back after this and queued anew as a new job.",
    )
    call_timeout: PositiveDuration = Field(
        default=timedelta(minutes=15), description="A begun call with no outcome becomes uncertain after this."
    )

    reconcile_interval: Annotated[Duration, AfterValidator(at_least("1s"))] = Field(
        default=timedelta(minutes=5),
        description="How often SQL and Redis are compared, and what is provable is repaired.",
    )

    @field_validator("claim_timeout")
    @classmethod
    def _outlasts_the_lease(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        lease = info.data.get("lease")
        if lease is not None and value < lease:
            raise ValueError(f"must be no shorter than hopper.lease ({durations.text(lease)})")
        return value

    @field_validator("call_timeout")
    @classmethod
    def _outlasts_the_claim(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        claim_timeout = info.data.get("claim_timeout")
        if claim_timeout is not None and value <= claim_timeout:
            raise ValueError(f"must be longer than hopper.claim_timeout ({durations.text(claim_timeout)})")
        return value
