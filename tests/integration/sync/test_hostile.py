"""Whatever the platform does: nothing that it still has is removed, and once it is well the mirror equals it."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from dispatcher.errors import DispatcherError
from dispatcher.mirror import record
from dispatcher.mirror.tables import campaigns
from tests.integration.sync.conftest import Mirror, mirroring
from tests.integration.sync.platform import FAULTS, Platform, campaign, statuses

STATUSES = ("active", "paused", "archived")

places = st.integers(0, 249)
edits = st.one_of(
    st.tuples(st.just("put"), places, st.sampled_from(STATUSES)),
    st.tuples(st.just("delete"), places, st.just("")),
)
steps = st.tuples(
    st.lists(edits, max_size=4),
    st.sets(st.sampled_from(FAULTS), min_size=1, max_size=6),
    st.sampled_from([30, 400]),  # seconds: with only the active ones read, or with all
)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), number=st.sampled_from([3, 40, 230]), steps=st.lists(steps, max_size=6))
async def test_a_hostile_platform_is_survived(seed: int, number: int, steps: Sequence[tuple]) -> None:  # type: ignore[type-arg]
    platform = Platform(seed)
    platform.put(*(campaign(f"c{place}", status=STATUSES[place % 4 % 3]) for place in range(number)))
    with tempfile.TemporaryDirectory() as folder:
        async with mirroring(platform, Path(folder)) as mirror:
            await mirror.sync.run_pass()
            for changed, faults, seconds in steps:
                mirror.clock.forward(seconds=seconds)
                edit(platform, changed)
                await hold_out(mirror, tuple(faults))
            platform.faults = ()
            await recovered(mirror)


def edit(platform: Platform, changed: Sequence[tuple[str, int, str]]) -> None:
    for what, place, status in changed:
        if what == "put":
            platform.put(campaign(f"c{place}", status=status, name=f"{status} {place}"))
        else:
            platform.delete(f"c{place}")
    platform.forget()


async def hold_out(mirror: Mirror, faults: tuple[str, ...]) -> None:
    """Make a pass over a platform with these faults, and hold what it did against what the platform had."""
    platform = mirror.platform
    before = await mirror.context.database.read(record.last_pass, "campaigns")
    platform.faults = faults
    try:
        await mirror.sync.run_pass()
        failed = False
    except DispatcherError:
        failed = True
    made = await mirror.context.database.read(record.last_pass, "campaigns")
    assert made is not None
    assert made != before
    assert made.ok is not failed

    held = await mirror.campaigns()
    # One that is there when the pass has ended was there during all of it, or is new.
    missing = {uuid for uuid in platform.campaigns if uuid not in held}
    assert not missing & await mirror.context.database.read(ever)
    for uuid, one in held.items():
        if not failed and one.status == "active" and one.listed:
            assert "active" in statuses(platform.held[uuid]), f"{uuid} was not active at any time of the pass"


def ever(connection: Connection) -> set[str]:
    """Return every campaign that the mirror has ever had."""
    return set(connection.execute(select(campaigns.c.uuid)).scalars())


async def recovered(mirror: Mirror) -> None:
    """Make the passes that it takes, and find the mirror equal to the platform."""
    mirror.clock.forward(hours=1)
    counts = (await mirror.sync.run_pass())["campaigns"]
    if counts.refused:
        counts = (await mirror.accepting().run_pass())["campaigns"]
        assert counts.refused == 0
    held = await mirror.campaigns()
    assert {uuid: (one.name, one.status) for uuid, one in held.items()} == {
        uuid: (one["name"], one["status"]) for uuid, one in mirror.platform.campaigns.items()
    }
    assert all(one.listed for one in held.values())
