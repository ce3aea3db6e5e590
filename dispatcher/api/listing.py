"""Lists of the platform, which are paged by number and may shift while they are read."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from dispatcher.api.body import read_json

READINGS = 3
"""How often a list that shifts is read before the pass is given up until the next interval."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `items` are the JSON texts of whatever stood in it."""

    items: list[bytes]
    total: int
    total_pages: int

    def is_last(self, number: int) -> bool:
        """Tell whether no page follows this one, which is the `number`th."""
        return ends(number, len(self.items), self.total, self.total_pages)


def ends(number: int, things: int, total: int, total_pages: int) -> bool:
    """Tell whether a list ends with a page: by either of the counts that it tells, or by having no things.

    A count of pages that grows with every page would otherwise be read for ever.
    """
    return number >= total_pages or number > total or not things


class _Envelope(msgspec.Struct, gc=False, rename="camel"):
    total: Annotated[int, Meta(ge=0)]
    total_pages: Annotated[int, Meta(ge=0)]
    items: list[Raw]


@cache
def _envelope(key: str) -> msgspec.json.Decoder[_Envelope]:
    """Return what reads the pages of lists that stand under a key."""
    named = msgspec.defstruct("_Named", [("items", list[Raw], msgspec.field(name=key))], bases=(_Envelope,))
    return msgspec.json.Decoder(named)


def read_page(body: bytes, key: str) -> Page:
    """Read a page of the list that stands under a key; ValidationError says what of it is not as documented.

    ValueError if it is no JSON.
    """
    found = read_json(body, _envelope(key).decode)
    return Page([bytes(item) for item in found.items], found.total, found.total_pages)
