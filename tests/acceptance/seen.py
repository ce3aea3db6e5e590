"""What is seen of a daemon's hopper and its calls."""

from collections.abc import Callable

from tests.acceptance.harness import Daemon, RawDialer

Make = Callable[..., Daemon]
MakeDialer = Callable[..., RawDialer]


async def states(daemon: Daemon, **expected: int) -> bool:
    """Tell whether so many attempts are in each of these states."""
    found = (await daemon.json("status"))["attempts"]
    return all(found[state] == number for state, number in expected.items())


async def depth(dialer: RawDialer, number: int) -> bool:
    """Tell whether so many calls can be begun."""
    return len(await dialer.documents()) == number
