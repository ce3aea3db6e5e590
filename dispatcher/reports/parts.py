"""How the state of one part of the daemon is told."""

from typing import TypedDict


class Part(TypedDict):
    """Whether a part is well, and a sentence for people if it is not."""

    ok: bool
    detail: str
