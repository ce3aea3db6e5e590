"""Whom to call when: the edges of the windows, the next attempts, and the law where the person is."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from dispatcher.model.outcome import Outcome
from dispatcher.rules.retry import RetryPolicy
from dispatcher.rules.rulepack import RulePack
from dispatcher.rules.spacing import Cap, Spacing
from dispatcher.settings.rule_packs import Modes, rule_pack
from dispatcher.settings.section import Section
from dispatcher.settings.values import (
    Count,
    Dates,
    DatesByName,
    Duration,
    Factor,
    FilePath,
    Flag,
    LastCall,
    Names,
    PositiveDuration,
    absent,
    at_most,
    lower,
)


class Schedule(Section):
    """How the edges of a campaign's windows are treated."""

    last_call_before_close: LastCall = Field(
        default=timedelta(0), description="How long before a campaign's window closes its last call may begin."
    )
    opening_ramp: Annotated[Duration, AfterValidator(at_most("24h"))] = Field(
        default=timedelta(0),
        description="The time after an opening in which a phone's rate grows from nothing to its limit.",
    )
    blackout_dates: DatesByName = Field(
        default={}, description="Days on which single campaigns are closed, each on the campaign's own clock."
    )


class Retries(Section):
    """When a person who was not reached is called again, and how often anybody is called at all."""

    max_attempts: Count = Field(default=3, description="Attempts per order in all, the first one included.")
    busy: PositiveDuration = Field(
        default=timedelta(minutes=15), description="The gap between a call that met a busy line and the next attempt."
    )
    no_answer: PositiveDuration = Field(
        default=timedelta(hours=2), description="The gap between a call that nobody answered and the next attempt."
    )
    voicemail: PositiveDuration = Field(
        default=timedelta(hours=4), description="The gap between a call that reached a voicemail and the next attempt."
    )
    failed: PositiveDuration = Field(
        default=timedelta(minutes=30), description="The gap between a call that failed and the next attempt."
    )
    growth: Factor = Field(default=2.0, description="Each further gap of an order is this many times the one before.")
    open_hours_only: Flag = Field(
        default=True, description="Whether the gaps above pass only while the order's campaign is open."
    )
    person_per_day: Annotated[Count | None, BeforeValidator(absent)] = Field(
        default=3, description="Calls to one number within any 24 hours, of all orders and campaigns together."
    )
    person_per_week: Annotated[Count | None, BeforeValidator(absent)] = Field(
        default=7, description="Calls to one number within any 7 days, of all orders and campaigns together."
    )
    person_gap: Duration = Field(
        default=timedelta(hours=1),
        description="The least time from a call to a number to a call of another order to the same number.",
    )

    def policy(self) -> RetryPolicy:
        """Return how often and when an order is tried again."""
        return RetryPolicy(
            most_attempts=self.max_attempts,
            gaps={
                Outcome.BUSY: self.busy,
                Outcome.NO_ANSWER: self.no_answer,
                Outcome.VOICEMAIL: self.voicemail,
                Outcome.FAILED: self.failed,
            },
            growth=self.growth,
            open_hours_only=self.open_hours_only,
        )

    def spacing(self) -> Spacing:
        """Return how often and how soon one person may be called by all campaigns together."""
        caps = (
            (self.person_per_day, timedelta(hours=24), "retries.person_per_day"),
            (self.person_per_week, timedelta(days=7), "retries.person_per_week"),
        )
        return Spacing(
            caps=tuple(Cap(most, within, source) for most, within, source in caps if most is not None),
            gap=self.person_gap,
            gap_source="retries.person_gap",
        )


class CallingRules(Section):
    """The law where the recipient is."""

    enabled: Flag = Field(
        default=True, description="Whether recipients' legal calling hours narrow those of the campaign's schedule."
    )
    file: Annotated[FilePath | None, BeforeValidator(absent)] = Field(
        default=None,
        description="A pack of calling rules of your own, in place of the one that comes with the dispatcher.",
    )
    off: Names = Field(default=(), description="Rules of the pack, by their ids, that are not to bind.")
    shadow: Names = Field(
        default=(), description="Rules of the pack that do not bind, but are counted each time that they would block."
    )
    on: Names = Field(default=(), description="Rules of the pack that are to bind although their own mode is another.")
    blackout_dates: Dates = Field(
        default=(), description="Days on which nobody is called, on the clock of the person called."
    )
    unknown_zone: Annotated[Literal["block", "country"], BeforeValidator(lower)] = Field(
        default="block", description="What becomes of numbers that do not tell in which time zone the person is."
    )

    def pack(self, *, anew: bool = False) -> RulePack | None:
        """Return the rules that bind, None if none are to; ConfigurationError with every fault of them.

        The file is read once, and `anew` when the settings are loaded.
        """
        if not self.enabled:
            return None
        modes: Modes = (("off", self.off), ("shadow", self.shadow), ("on", self.on))
        return rule_pack(self.file, modes, self.blackout_dates, self.unknown_zone, anew=anew)
