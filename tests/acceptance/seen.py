"""What is seen of a daemon's hopper and its calls."""

from collections.abc import Callable

from tests.acceptance.harness import Daemon, RawDialer
from tests.waiting import eventually

Make = Callable[..., Daemon]
MakeDialer = Callable[..., RawDialer]


async def states(daemon: Daemon, **expected: int) -> bool:
    """Tell whether so many attempts are in each of these states."""
    found = (await daemon.json("status"))["attempts"]
    return all(found[state] == number for state, number in expected.items())


async def depth(dialer: RawDialer, number: int) -> bool:
    """Tell whether so many calls can be begun."""
    return len(await dialer.documents()) == number


async def begin(dialer: RawDialer) -> tuple[str, str]:
    """Claim a call and begin it; return its entry and its job."""
    await eventually(dialer.documents, what="a call")
    claimed = await dialer.claim()
    assert claimed is not None
    entry, fields = claimed
    assert await dialer.take(fields["job"]) is not None
    return entry, fields["job"]
