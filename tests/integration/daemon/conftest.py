from typing import Any

import pytest

from dispatcher.rules import conditions


@pytest.fixture(autouse=True)
def _clocks_may_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis's clock cannot be shifted, so that the shifted host differs from it."""

    def agree(skews: Any) -> None:
        """Find that they agree, whatever they show."""

    monkeypatch.setattr(conditions, "skewed", agree)
