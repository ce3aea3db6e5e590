import time
from collections.abc import Iterator

import pytest

from dispatcher.rules import places
from tests.zone_data import pinned


@pytest.fixture(autouse=True, scope="module")
def _zone_data() -> Iterator[None]:
    """Read zones from the pinned package, so that a host with other data expects the same."""
    with pinned():
        yield


@pytest.fixture
def _far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The host's own clock is fourteen hours ahead of UTC."""
    monkeypatch.setenv("TZ", "XXX-14")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def anywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Lets a test say in which zones a number may ring, as `candidate_zones`."""
    places.places.cache_clear()
    yield monkeypatch
    places.places.cache_clear()
