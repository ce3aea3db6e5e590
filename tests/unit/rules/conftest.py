import zoneinfo
from collections.abc import Iterator

import pytest

from dispatcher.rules import zones


@pytest.fixture(autouse=True, scope="module")
def _zone_data() -> Iterator[None]:
    """Read zones from the pinned package, so that a host with other data expects the same."""
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    zones.names.cache_clear()
    zones.zones.cache_clear()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()
    zones.names.cache_clear()
    zones.zones.cache_clear()
