"""What the platform has, on its way into the mirror."""

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Found(NamedTuple, Generic[T]):
    """A thing that the platform lists: what its document says, a digest of that document, and its JSON text.

    It is known again by the digest: that of the text as it came, also where not all of it can be kept.
    """

    thing: T
    digest: str
    text: bytes
