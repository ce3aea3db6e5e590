"""The pack of calling rules that the settings ask for."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from dispatcher.errors import ConfigurationError
from dispatcher.rules import packfile
from dispatcher.rules.rulepack import Mode, RulePack, UnknownZone

Modes = tuple[tuple[Mode, tuple[str, ...]], ...]
"""Each mode with the ids of the rules that are given it."""


_kept: dict[tuple[Path | None, Modes, tuple[date, ...], UnknownZone], RulePack] = {}


def rule_pack(
    file: Path | None,
    modes: Modes,
    blackout_dates: tuple[date, ...],
    unknown_zone: UnknownZone,
    *,
    anew: bool = False,
) -> RulePack:
    """Return the pack of a file, or the one that comes with the dispatcher, as the settings want it.

    The same until it is asked for anew: what is remembered by pack stays of use, and a file that was spoiled meanwhile
    does not stop a process that runs by what it said before. ConfigurationError names every fault.
    """
    key = (file, modes, blackout_dates, unknown_zone)
    if anew or key not in _kept:
        pack = packfile.shipped() if file is None else packfile.parse(_text(file), str(file))
        _kept[key] = pack.with_settings(modes=_each(modes), blackout_dates=blackout_dates, unknown_zone=unknown_zone)
    return _kept[key]


def _each(modes: Modes) -> Iterable[tuple[str, Mode]]:
    return ((name, mode) for mode, names in modes for name in names)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as fault:
        why = (fault.strerror if isinstance(fault, OSError) else None) or str(fault)
        raise ConfigurationError(f"calling_rules.file {file} cannot be read: {why}.") from None
