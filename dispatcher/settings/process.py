"""The processes themselves: what they keep things in, listen on, say, and how long they take to stop."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from dispatcher.settings.addresses import Bind, BindAddress
from dispatcher.settings.section import Section
from dispatcher.settings.urls import DatabaseUrl, RedisUrl
from dispatcher.settings.values import KeyPrefix, OwnToken, PositiveDuration, Token, absent, lower


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
