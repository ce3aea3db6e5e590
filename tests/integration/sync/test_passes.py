import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from dispatcher.api.client import PAGE_SIZE
from dispatcher.errors import TransientError
from dispatcher.mirror import record
from dispatcher.mirror.campaigns import put_found
from dispatcher.mirror.tables import campaigns
from dispatcher.model.campaign import Campaign
from dispatcher.model.found import Found
from dispatcher.model.reasons import Code
from tests.integration.sync.conftest import Mirror
from tests.integration.sync.platform import campaign
from tests.waiting import eventually

MANY = 3 * PAGE_SIZE
MOMENT = timedelta(milliseconds=100)


def many(mirror: Mirror, number: int = MANY) -> list[str]:
    uuids = [f"c{place:04d}" for place in range(number)]
    mirror.platform.put(*(campaign(uuid) for uuid in uuids))
    return uuids


def asked(mirror: Mirror, start: str = "campaigns") -> list[str]:
    return [request for request in mirror.platform.requests if request.startswith(start)]


def standing(mirror: Mirror, uuid: str) -> list[Code]:
    return [reason.code for reason in mirror.context.book.plans[uuid].standing]


async def test_between_whole_readings_only_active_campaigns_are_read(mirror: Mirror) -> None:
    many(mirror)
    mirror.platform.put(*(campaign(f"x{place}", status="archived") for place in range(200)))
    await mirror.sync.run_pass()
    mirror.platform.requests.clear()

    mirror.clock.forward(seconds=30)
    await mirror.sync.run_pass()
    assert len(asked(mirror)) == 3
    assert all("status=active" in request for request in asked(mirror))

    mirror.platform.requests.clear()
    mirror.clock.forward(minutes=5)
    await mirror.sync.run_pass()
    assert len(asked(mirror)) == 5
    assert not any("status=" in request for request in asked(mirror))


async def test_a_small_account_is_always_read_whole(mirror: Mirror) -> None:
    many(mirror, PAGE_SIZE)
    for _ in range(2):
        mirror.platform.requests.clear()
        await mirror.sync.run_pass()
        assert asked(mirror) == [f"campaigns?page=1&limit={PAGE_SIZE}"]


@pytest.mark.parametrize("change", ["pause", "delete"])
async def test_a_campaign_that_is_active_no_more_is_asked_for_by_name(mirror: Mirror, change: str) -> None:
    uuids = many(mirror)
    await mirror.sync.run_pass()
    if change == "pause":
        mirror.platform.put(campaign(uuids[7], status="paused"))
    else:
        mirror.platform.delete(uuids[7])

    mirror.platform.requests.clear()
    counts = await mirror.sync.run_pass()

    assert asked(mirror, "campaigns/") == [f"campaigns/{uuids[7]}"]
    held = await mirror.campaigns()
    if change == "pause":
        assert held[uuids[7]].status == "paused"
        assert counts["campaigns"].changed == 1
    else:
        assert uuids[7] not in held
        assert counts["campaigns"].removed == 1


async def test_when_too_many_are_active_no_more_all_are_read_at_once(mirror: Mirror) -> None:
    uuids = many(mirror)
    await mirror.sync.run_pass()
    mirror.platform.put(*(campaign(uuid, status="paused") for uuid in uuids[:-5]))

    mirror.platform.requests.clear()
    await mirror.sync.run_pass()

    assert asked(mirror, "campaigns/") == []
    assert sum(one.status == "active" for one in (await mirror.campaigns()).values()) == 5


async def test_what_is_listed_no_more_is_not_dialled_though_its_removal_is_refused(mirror: Mirror) -> None:
    uuids = many(mirror, 30)
    await mirror.sync.run_pass()
    taken, mirror.platform.campaigns = mirror.platform.campaigns, {uuids[0]: mirror.platform.campaigns[uuids[0]]}

    counts = (await mirror.sync.run_pass())["campaigns"]

    assert (counts.removed, counts.refused) == (0, 29)
    assert "dispatcher sync --accept-removals" in counts.refusals[-1]
    assert Code.MIRROR_STALE not in standing(mirror, uuids[0])
    assert Code.MIRROR_STALE in standing(mirror, uuids[1])

    mirror.platform.campaigns = taken
    await mirror.sync.run_pass()
    assert Code.MIRROR_STALE not in standing(mirror, uuids[1])


async def test_an_operator_may_say_that_they_are_gone(mirror: Mirror) -> None:
    uuids = many(mirror, 30)
    await mirror.sync.run_pass()
    mirror.platform.campaigns = {uuids[0]: mirror.platform.campaigns[uuids[0]]}
    await mirror.sync.run_pass()

    counts = (await mirror.accepting().run_pass())["campaigns"]

    assert (counts.removed, counts.refused) == (29, 0)
    assert set(await mirror.campaigns()) == {uuids[0]}


async def test_a_phone_that_is_listed_no_more_is_not_dialled_from(mirror: Mirror) -> None:
    mirror.platform.phones |= {
        f"q{place}": {"uuid": f"q{place}", "name": "", "number": "+16054440129", "status": "active"}
        for place in range(20)
    }
    mirror.platform.put(campaign("c", outboundPhoneUuid="q3"))
    await mirror.sync.run_pass()
    mirror.platform.phones = {"p1": mirror.platform.phones["p1"]}
    await mirror.sync.run_pass()
    assert Code.PHONE_UNKNOWN in standing(mirror, "c")


async def test_half_a_list_that_agrees_with_itself_removes_nothing(mirror: Mirror) -> None:
    uuids = many(mirror, 50)
    await mirror.sync.run_pass()
    mirror.platform.faults, mirror.platform.often = ("half",), 1.0
    counts = (await mirror.sync.run_pass())["campaigns"]
    assert (counts.removed, counts.refused) == (0, 0)
    assert set(await mirror.campaigns()) == set(uuids)


async def test_a_list_that_never_stands_still_is_made_whole_by_asking(mirror: Mirror) -> None:
    many(mirror, 2 * PAGE_SIZE + 50)
    await mirror.sync.run_pass()
    mirror.platform.faults, mirror.platform.often = ("shifts",), 1.0
    mirror.clock.forward(hours=1)
    await mirror.sync.run_pass()
    mirror.platform.faults = ()
    held = {uuid: one.status for uuid, one in (await mirror.campaigns()).items()}
    for uuid, document in mirror.platform.campaigns.items():
        # A campaign that was added while the list was read may wait for the next pass.
        assert uuid.startswith("new-") or held[uuid] in {"active", document["status"]}


async def test_a_pause_on_the_first_page_counts_though_a_later_page_fails(mirror: Mirror) -> None:
    uuids = many(mirror)
    await mirror.sync.run_pass()
    mirror.platform.put(campaign(uuids[0], status="paused"))
    mirror.clock.forward(hours=1)
    mirror.platform.fails_at_page = 3
    with pytest.raises(TransientError):
        await mirror.sync.run_pass()
    assert Code.CAMPAIGN_NOT_ACTIVE in standing(mirror, uuids[0])
    last = await mirror.context.database.read(record.last_pass, "campaigns")
    assert last is not None
    assert not last.ok
    assert last.counts["campaigns"]["changed"] == 1


@pytest.mark.parametrize("tags", [True, False])
async def test_pages_that_have_not_changed_change_nothing(mirror: Mirror, tags: bool) -> None:
    mirror.platform.tags = tags
    uuids = many(mirror)
    await mirror.sync.run_pass()
    mirror.platform.answered_304 = 0
    for _ in range(2):
        mirror.clock.forward(hours=1)
        counts = (await mirror.sync.run_pass())["campaigns"]
        assert (counts.added, counts.changed, counts.removed, counts.unchanged) == (0, 0, 0, MANY)
    assert mirror.platform.answered_304 == (2 * 4 if tags else 0)

    mirror.platform.put(campaign(uuids[150], name="another"))
    mirror.clock.forward(hours=1)
    counts = (await mirror.sync.run_pass())["campaigns"]
    assert (counts.changed, counts.unchanged) == (1, MANY - 1)
    assert (await mirror.campaigns())[uuids[150]].name == "another"


def tamper(connection: Connection, uuid: str) -> None:
    connection.execute(update(campaigns).where(campaigns.c.uuid == uuid).values(name="tampered", digest="0" * 32))


async def test_a_page_that_has_not_changed_is_read_anew_where_the_mirror_has(mirror: Mirror) -> None:
    uuids = many(mirror, 5)
    await mirror.sync.run_pass()
    await mirror.context.database.write(tamper, uuids[2])
    counts = (await mirror.sync.run_pass())["campaigns"]
    assert (counts.changed, counts.unchanged) == (0, 5)  # the platform says what it has always said
    assert (await mirror.campaigns())[uuids[2]].name == uuids[2]


async def test_a_part_of_all_is_compared_anew_once_somebody_else_has_written(mirror: Mirror) -> None:
    uuids = many(mirror, MANY)
    await mirror.sync.run_pass()
    await mirror.sync.run_pass()  # the active ones for the first time
    made = await mirror.sync.run_pass()  # and now with nothing left to compare
    assert (made["campaigns"].changed, made["campaigns"].unchanged) == (0, MANY)
    other = Campaign(uuids[150], "another's", "active", "outbound", None, None, None, None)
    found = [Found(other, "0" * 32, b"{}")]
    await mirror.context.database.write(put_found, "campaigns", found, mirror.clock.now())
    made = await mirror.sync.run_pass()
    assert (made["campaigns"].changed, made["campaigns"].unchanged) == (1, MANY - 1)
    assert (await mirror.campaigns())[uuids[150]].name == uuids[150]


async def test_a_pass_that_is_broken_off_is_none_that_succeeded(mirror: Mirror) -> None:
    many(mirror, 5)
    mirror.platform.faults, mirror.platform.often = ("hangs",), 1.0
    running = asyncio.create_task(mirror.sync.run_pass())
    await eventually(lambda: mirror.platform.requests, what="the first request")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    [noted] = await mirror.context.database.read(record.passes, 5)
    assert (noted.ok, noted.fault) == (False, "the pass was broken off")


async def test_a_pass_that_takes_too_long_is_given_up(mirror: Mirror) -> None:
    many(mirror, 5)
    mirror.platform.faults, mirror.platform.often = ("hangs",), 1.0
    mirror.context.settings = mirror.context.settings.model_copy(
        update={"sync": mirror.context.settings.sync.model_copy(update={"pass_timeout": MOMENT})}
    )
    with pytest.raises(TransientError, match=r"not read within sync\.pass_timeout \(100ms\)"):
        await mirror.sync.run_pass()
