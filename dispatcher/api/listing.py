"""Lists of the platform, which are paged by number and may shift while they are read."""

from dataclasses import dataclass
from typing import Any

from dispatcher.api.transport import Mark
from dispatcher.errors import TransientError

READINGS = 3
"""How often a list that shifts is read before the pass is given up until the next interval."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `items` are whatever JSON stood in it.

    `mark` is what the page is known again by.
    """

    items: list[Any]
    total: int
    total_pages: int
    mark: Mark | None = None

    def is_last(self, number: int) -> bool:
        """Tell whether no page follows this one, which is the `number`th: by either of its counts, or by its emptiness.

        A count of pages that grows with every page would otherwise be read for ever.
        """
        return number >= self.total_pages or number > self.total or not self.items


def read_page(answer: Any, key: str, path: str, mark: Mark | None = None) -> Page:
    """Read a page out of the platform's envelope; TransientError says what of it is not as documented."""
    if not isinstance(answer, dict) or not isinstance(answer.get(key), list):
        raise TransientError(f"the platform's list {path} has no array `{key}`")
    return Page(answer[key], _count(answer, "total", path), _count(answer, "totalPages", path), mark)


def _count(answer: dict[str, Any], name: str, path: str) -> int:
    value = answer.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TransientError(f"the platform's list {path} has no count in `{name}`")
    return value
