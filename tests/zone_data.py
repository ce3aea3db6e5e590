"""Zones as the pinned package has them, so that a host with other data expects the same."""

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager

from dispatcher.rules import zones


@contextmanager
def pinned() -> Iterator[None]:
    """Read zones from the package alone, and as before afterwards."""
    _read_from(())
    yield
    _read_from(None)


def _read_from(places: tuple[str, ...] | None) -> None:
    zoneinfo.reset_tzpath(to=places)
    zoneinfo.ZoneInfo.clear_cache()
    zones.names.cache_clear()
    zones.zones.cache_clear()
