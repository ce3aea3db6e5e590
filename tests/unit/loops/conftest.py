"""The zone data that every test of the loops goes by."""

import zoneinfo
from collections.abc import Iterator

import pytest

from dispatcher.rules import zones


@pytest.fixture(autouse=True, scope="module")
def _zone_data() -> Iterator[None]:
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    zones.names.cache_clear()
    zones.zones.cache_clear()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()
    zones.names.cache_clear()
    zones.zones.cache_clear()
