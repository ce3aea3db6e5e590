"""The platform: where it is, how often it is read, and what it is told."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from dispatcher.errors import ConfigurationError
from dispatcher.settings import durations
from dispatcher.settings.section import Section
from dispatcher.settings.urls import BaseUrl
from dispatcher.settings.values import Duration, FilePath, Flag, PositiveDuration, Token, absent, at_least


class Account(NamedTuple):
    """What a call of the platform's API needs; `timeout` bounds one request."""

    base_url: str
    token: SecretStr
    timeout: timedelta
    ca_file: Path | None


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


class Report(Section):
    """What the platform is told."""

    orders: Flag = Field(
        default=False, description="Whether the platform is told how calls have ended, by the status of their orders."
    )
