"""What a pass did to one kind of thing."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Counts:
    """How many things of one kind were added, changed, removed, refused; `refusals` are the sentences behind it."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    refused: int = 0
    unchanged: int = 0
    refusals: list[str] = field(default_factory=list)

    def refuse(self, *refusals: str) -> None:
        """Count things that were refused, each with its sentence."""
        self.refused += len(refusals)
        self.refusals += refusals

    def add(self, other: "Counts") -> None:
        """Count what was done elsewhere too."""
        self.added += other.added
        self.changed += other.changed
        self.removed += other.removed
        self.unchanged += other.unchanged
        self.refused += other.refused
        self.refusals += other.refusals

    def document(self) -> dict[str, Any]:
        """Return the counts as the command line shows them."""
        return {
            "added": self.added,
            "changed": self.changed,
            "removed": self.removed,
            "refused": self.refused,
            "unchanged": self.unchanged,
            "refusals": self.refusals,
        }
