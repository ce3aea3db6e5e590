"""The whole configuration, and where each value of it came from."""

from typing import Any

from pydantic import PrivateAttr

from dispatcher.settings.limits import Breaker, Hopper, Limits
from dispatcher.settings.platform import Api, Report, Sync
from dispatcher.settings.process import Daemon, Database, Http, Log, Redis, Worker
from dispatcher.settings.rules import CallingRules, Retries, Schedule
from dispatcher.settings.section import Section


class Settings(Section):
    """Every setting, checked. Without arguments it is the defaults.

    Validated with a mapping from full key to source as its context, it remembers the sources for `describe`.
    """

    api: Api = Api()
    database: Database = Database()
    redis: Redis = Redis()
    sync: Sync = Sync()
    schedule: Schedule = Schedule()
    limits: Limits = Limits()
    breaker: Breaker = Breaker()
    hopper: Hopper = Hopper()
    retries: Retries = Retries()
    report: Report = Report()
    calling_rules: CallingRules = CallingRules()
    http: Http = Http()
    log: Log = Log()
    daemon: Daemon = Daemon()
    worker: Worker = Worker()

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Any, /) -> None:
        """Keep the sources."""
        self._sources.update(context or {})

    def source(self, key: str) -> str:
        """Return where `section.key` came from: a file, a variable, a secret file, `code` or `default`."""
        section, _, name = key.partition(".")
        given = name in getattr(self, section).model_fields_set
        return self._sources.get(key, "code") if given else "default"
