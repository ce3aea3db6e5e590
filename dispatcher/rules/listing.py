"""What a whole listing of the platform changes in the mirror, and whether to believe it."""

from collections.abc import Mapping
from dataclasses import dataclass

_MOST_SHARE = 0.3
_ALWAYS_ALLOWED = 10


@dataclass(frozen=True, slots=True)
class Difference:
    """Uuids by what has become of them; `missing` ones are in the mirror and not in the listing."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    unchanged: int


def difference(mirrored: Mapping[str, str], listed: Mapping[str, str]) -> Difference:
    """Compare digests by uuid."""
    added = tuple(uuid for uuid in listed if uuid not in mirrored)
    changed = tuple(uuid for uuid, digest in listed.items() if uuid in mirrored and mirrored[uuid] != digest)
    missing = tuple(uuid for uuid in mirrored if uuid not in listed)
    return Difference(added, changed, missing, len(listed) - len(added) - len(changed))


def removal_refused(kind: str, missing: int, mirrored: int, listed: int) -> str | None:
    """Return why so many removals are not believed, as a sentence; None if they are.

    An account that has lost more than 10 of its things, and those are more than 30 % or all that it had, is more likely
    to be a fault of the platform than somebody's wish. Fewer are asked for by name and then believed.
    """
    if missing <= _ALWAYS_ALLOWED:
        return None
    if not listed:
        return f"the platform lists no {kind} at all, while the mirror has {mirrored}; nothing was removed"
    if missing > mirrored * _MOST_SHARE:
        return f"{missing} of {mirrored} {kind} are missing from the platform's list; nothing was removed"
    return None
