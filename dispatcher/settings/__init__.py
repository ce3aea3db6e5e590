"""The configuration: one TOML file, the environment and secret files, checked as a whole before anything starts."""

from dispatcher.settings.addresses import Bind
from dispatcher.settings.loading import load
from dispatcher.settings.model import Settings
from dispatcher.settings.report import Row, describe
from dispatcher.settings.sections import (
    Account,
    Api,
    CallingRules,
    Daemon,
    Database,
    Hopper,
    Http,
    Limits,
    Log,
    Redis,
    Retries,
    Sync,
)
from dispatcher.settings.urls import redacted

__all__ = [
    "Account",
    "Api",
    "Bind",
    "CallingRules",
    "Daemon",
    "Database",
    "Hopper",
    "Http",
    "Limits",
    "Log",
    "Redis",
    "Retries",
    "Row",
    "Settings",
    "Sync",
    "describe",
    "load",
    "redacted",
]
