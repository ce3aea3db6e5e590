import zoneinfo
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from dispatcher.cli import main
from dispatcher.rules import zones


@pytest.fixture(autouse=True)
def _zone_data() -> Iterator[None]:
    """Undo what a command does to where the whole process reads zones from."""
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()
    zones.names.cache_clear()
    zones.zones.cache_clear()


@pytest.fixture
def dispatcher() -> Callable[..., Result]:
    """Runs a command in this process."""
    runner = CliRunner()
    return lambda *arguments: runner.invoke(main, list(arguments), prog_name="dispatcher")
