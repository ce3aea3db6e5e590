import time
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


@pytest.fixture
def _far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The host's own clock is fourteen hours ahead of UTC."""
    monkeypatch.setenv("TZ", "XXX-14")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
