"""The configuration: one TOML file, the environment and secret files, checked as a whole before anything starts."""

from dispatcher.settings.addresses import Bind
from dispatcher.settings.limits import Hopper, Limits
from dispatcher.settings.loading import load
from dispatcher.settings.model import Settings
from dispatcher.settings.platform import Account, Api, Sync
from dispatcher.settings.process import Daemon, Database, Http, Log, Redis
from dispatcher.settings.report import Row, describe
from dispatcher.settings.rules import CallingRules, Retries
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
