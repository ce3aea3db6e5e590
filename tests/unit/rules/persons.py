"""Persons in many places, and small rule packs."""

from datetime import UTC, datetime

from dispatcher.rules.packfile import parse
from dispatcher.rules.rulepack import RulePack

NEW_YORK = "+12125550100"
MIAMI = "+13055550100"
LONDON = "+442079460018"
PARIS = "+33199000001"
HAVANA = "+5372000000"
HEAD = """version = "1"
[[rules]]
id = "mine"
effective_from = 2020-01-01
checked = 2026-01-01
source = "our law"
"""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_pack(rule: str, **changes: object) -> RulePack:
    wanted = {"modes": (), "blackout_dates": (), "unknown_zone": "block"} | changes
    return parse(HEAD + rule, "test").with_settings(**wanted)  # type: ignore[arg-type]
