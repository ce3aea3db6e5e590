"""The pack of calling rules that the settings ask for."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path

from dispatcher.errors import ConfigurationError
from dispatcher.rules import packfile
from dispatcher.rules.rulepack import Mode, RulePack, UnknownZone

Modes = tuple[tuple[Mode, tuple[str, ...]], ...]
"""Each mode with the ids of the rules that are given it."""


@lru_cache(maxsize=4)
def rule_pack(file: Path | None, modes: Modes, blackout_dates: tuple[date, ...], unknown_zone: UnknownZone) -> RulePack:
    """Return the pack of a file, or the one that comes with the dispatcher, as the settings want it.

    The same until the settings are loaded anew, so that what is remembered by pack stays of use. ConfigurationError
    names every fault.
    """
    pack = packfile.shipped() if file is None else packfile.parse(_text(file), str(file))
    return pack.with_settings(modes=_each(modes), blackout_dates=blackout_dates, unknown_zone=unknown_zone)


def _each(modes: Modes) -> Iterable[tuple[str, Mode]]:
    return ((name, mode) for mode, names in modes for name in names)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as fault:
        why = (fault.strerror if isinstance(fault, OSError) else None) or str(fault)
        raise ConfigurationError(f"calling_rules.file {file} cannot be read: {why}.") from None
