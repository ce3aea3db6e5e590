"""Every key: its type, its default, its description, and what it must agree with.

A key that must agree with another stands below it and looks at it, so that each disagreement is a fault of its own
beside all the others; a key that is faulty itself is not there to be compared with.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from dispatcher.errors import ConfigurationError
from dispatcher.model.outcome import Outcome
from dispatcher.rules.breaker import Policy
from dispatcher.rules.retry import RetryPolicy
from dispatcher.rules.rulepack import RulePack
from dispatcher.rules.spacing import Cap, Spacing
from dispatcher.settings import durations
from dispatcher.settings.addresses import Bind, BindAddress
from dispatcher.settings.rule_packs import Modes, rule_pack
from dispatcher.settings.urls import BaseUrl, DatabaseUrl, RedisUrl
from dispatcher.settings.values import (
    Count,
    Dates,
    DatesByName,
    Duration,
    Factor,
    FilePath,
    Flag,
    KeyPrefix,
    LastCall,
    Names,
    OwnToken,
    PositiveDuration,
    Rate,
    Share,
    Token,
    Weights,
    absent,
    at_least,
    at_most,
    lower,
)


class Account(NamedTuple):
    """What a call of the platform's API needs; `timeout` bounds one request."""

    base_url: str
    token: SecretStr
    timeout: timedelta
    ca_file: Path | None


class Section(BaseModel):
    """A table of the configuration file; nothing in it changes once it has been read."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)


class Api(Section):
    """The platform's API; what only looks at the mirror and the hopper can do without it."""

    base_url: Annotated[BaseUrl | None, BeforeValidator(absent)] = Field(
        default=None, description="Where the platform's API is, such as https://callcamp.ai/api."
    )
    token: Annotated[Token | None, BeforeValidator(absent)] = Field(
        default=None, description="The bearer token of the account whose campaigns are dialled."
    )
    timeout: PositiveDuration = Field(
        default=timedelta(seconds=10),
        description="How long one request to the API may take, from connecting to the last byte.",
    )
    ca_file: Annotated[FilePath | None, BeforeValidator(absent)] = Field(
        default=None, description="Certificates of the authorities to trust, in PEM, in place of the usual ones."
    )

    def require(self) -> Account:
        """Return the account, or raise a ConfigurationError that names every key that it lacks."""
        if self.base_url is None or self.token is None:
            raise ConfigurationError(
                *(
                    f"api.{name} is not set: set it in the [api] table of the configuration file or in {source}."
                    for name, source in (
                        ("base_url", "DISPATCHER_API__BASE_URL"),
                        ("token", "DISPATCHER_API__TOKEN, or name a file that holds it in api.token_file"),
                    )
                    if getattr(self, name) is None
                )
            )
        return Account(self.base_url, self.token, self.timeout, self.ca_file)


class Database(Section):
    """The mirror and the attempts: the truth."""

    url: DatabaseUrl = Field(
        default=SecretStr("sqlite:///dispatcher.db"), description="Where the mirror and the attempts are kept."
    )


class Redis(Section):
    """The hopper."""

    url: RedisUrl = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"), description="Where the hopper is: Redis 7.0 or later, or Valkey."
    )
    prefix: KeyPrefix = Field(
        default="dispatcher", description="The first part of every key; dialer workers must be given the same."
    )


class Sync(Section):
    """How the mirror follows the platform."""

    interval: Annotated[Duration, AfterValidator(at_least("100ms"))] = Field(
        default=timedelta(seconds=30), description="How often campaigns and phones are read."
    )
    orders_interval: Annotated[Duration, AfterValidator(at_least("100ms"))] = Field(
        default=timedelta(seconds=60),
        description="How often the orders of campaigns that are open, or soon will be, are read.",
    )
    max_staleness: PositiveDuration = Field(
        default=timedelta(minutes=10),
        description="When the last good read is older than this, no more calls are queued.",
    )
    soon: Duration = Field(
        default=timedelta(hours=1), description="How long before a campaign opens its orders begin to be read."
    )
    whole_interval: Duration = Field(
        default=timedelta(minutes=5),
        description="How often all campaigns are read; between that, of more than a page of them the active ones are.",
    )
    pass_timeout: PositiveDuration = Field(
        default=timedelta(minutes=5), description="A pass over campaigns and phones that takes longer is given up."
    )

    @field_validator("max_staleness")
    @classmethod
    def _outlasts_a_pass(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        interval = info.data.get("interval")
        if interval is not None and value <= interval:
            raise ValueError(
                f"must be longer than sync.interval ({durations.text(interval)}), or the mirror is stale between passes"
            )
        return value


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


class Report(Section):
    """What the platform is told."""

    orders: Flag = Field(
        default=False, description="Whether the platform is told how calls have ended, by the status of their orders."
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


class Http(Section):
    """Health, metrics, the API and the page."""

    bind: BindAddress = Field(
        default=Bind("127.0.0.1", 8080), description="The address and port of health, metrics, API and page."
    )
    token: Annotated[OwnToken | None, BeforeValidator(absent)] = Field(
        default=None,
        description="Needed for all that changes something, and for everything when not bound to loopback.",
    )

    @field_validator("token")
    @classmethod
    def _guards_what_others_reach(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        bind = info.data.get("bind")
        if value is None and bind is not None and not bind.loopback:
            raise ValueError(
                f"must hold a token, because others can reach http.bind ({bind}): set it, or DISPATCHER_HTTP__TOKEN, "
                "or name a file that holds it in http.token_file, or bind to 127.0.0.1"
            )
        return value


class Log(Section):
    """What goes to standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lower)] = Field(
        default="info", description="The least important messages that are still written."
    )
    format: Annotated[Literal["json", "console"] | None, BeforeValidator(lower), BeforeValidator(absent)] = Field(
        default=None, description="How messages are written; left out, console on a terminal and json elsewhere."
    )


class Daemon(Section):
    """The process itself."""

    stop_timeout: PositiveDuration = Field(
        default=timedelta(seconds=20), description="How long an orderly stop may take before the rest is cut off."
    )


class Worker(Section):
    """`dispatcher worker`."""

    stop_timeout: PositiveDuration = Field(
        default=timedelta(seconds=30), description="How long running calls may go on after the worker was told to stop."
    )
    webhook_timeout: PositiveDuration = Field(
        default=timedelta(seconds=10),
        description="How long the dialer of --webhook may take to connect, and to answer.",
    )
    webhook_secret: Annotated[Token | None, BeforeValidator(absent)] = Field(
        default=None, description="Signs what --webhook posts, so that the dialer knows whom it comes from."
    )
