"""How the sandbox searches, filters and pages a list.

Lists are in the order of adding and paged by number, with no cursor: what is added or removed while pages are read
shifts the others, as on the platform. Decided here, where the reference is silent: a `limit` over 100 or a page below 1
is refused (422) rather than bent; a page past the end is empty; an empty list has 0 pages; a parameter without a value
counts as left out; an unknown parameter is ignored; an unknown word for `status` or `type` is refused.
"""

from collections.abc import Iterable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from dispatcher.sandbox.bodies import CampaignWord, OrderWord, PhoneType, PhoneWord
from dispatcher.sandbox.store import Document


class Listing(BaseModel):
    """The parameters that every list has."""

    model_config = ConfigDict(extra="ignore")

    search: str = ""
    page: int = Field(default=1, ge=1)
    limit: int = Field(default=10, ge=1, le=100)

    @classmethod
    def of(cls, request: Request) -> Self:
        """Read the query of a request; a ValidationError names each bad parameter."""
        return cls.model_validate({key: value for key, value in request.query_params.items() if value})

    def answer(self, name: str, documents: Iterable[Document], *searched: str) -> dict[str, Any]:
        """Return the envelope of one page of the documents that match.

        A document matches if one of the `searched` fields holds the searched text, in whatever case (`record.name` is
        the name in the record), and if each other parameter that was given equals the field of its name.
        """
        wanted = self.model_dump(exclude_none=True, exclude={"search", "page", "limit"})
        text = self.search.casefold()
        found = [
            document
            for document in documents
            if all(document.get(key) == value for key, value in wanted.items())
            and (not text or any(text in _text(document, path) for path in searched))
        ]
        start = (self.page - 1) * self.limit
        return {
            name: found[start : start + self.limit],
            "total": len(found),
            "page": self.page,
            "limit": self.limit,
            "totalPages": -(-len(found) // self.limit),
        }


class CampaignListing(Listing):
    """The parameters of the list of campaigns."""

    status: CampaignWord | None = None


class PhoneListing(Listing):
    """The parameters of the list of phones."""

    status: PhoneWord | None = None
    type: PhoneType | None = None


class OrderListing(Listing):
    """The parameters of the list of a campaign's orders."""

    status: OrderWord | None = None


def _text(document: Document, path: str) -> str:
    value: Any = document
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return str(value or "").casefold()
