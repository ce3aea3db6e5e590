"""The zone data that every test of the loops goes by."""

from collections.abc import Iterator

import pytest

from tests.zone_data import pinned


@pytest.fixture(autouse=True, scope="module")
def _zone_data() -> Iterator[None]:
    with pinned():
        yield
