from dispatcher.daemon.once import sync_once
from dispatcher.settings import load
from tests.integration.cli.conftest import OPEN, SHUT, Site

KINDS = ("campaigns", "phones", "orders")


async def test_a_first_pass_adds_everything(site: Site) -> None:
    ended = await site.spawn("sync", "-o", "json")

    assert (ended.code, ended.stderr) == (0, "")
    assert {kind: ended.document[kind]["added"] for kind in KINDS} == {"campaigns": 2, "phones": 1, "orders": 1}
    assert all(ended.document[kind].keys() >= {"added", "changed", "removed", "refused"} for kind in KINDS)


async def test_a_second_pass_tells_only_what_is_new(mirrored: Site) -> None:
    mirrored.store.campaigns[OPEN]["name"] = "Open always"
    mirrored.store.delete_campaign(SHUT)

    document = (await mirrored.run("sync", "-o", "json")).document

    assert (document["campaigns"]["added"], document["campaigns"]["changed"], document["campaigns"]["removed"]) == (
        0,
        1,
        1,
    )
    assert document["orders"]["unchanged"] == 1


async def test_what_is_malformed_is_refused_with_its_reason_and_blocks_nothing(site: Site) -> None:
    site.store.add_campaign(uuid="broken", name=None)
    site.store.add_order(OPEN, "12", uuid="order_2")

    ended = await site.run("sync")

    assert ended.code == 0
    assert "campaign broken: name is null" in ended.stdout
    assert "order_2" in ended.stdout


async def test_a_wrong_token_is_a_problem_and_nothing_is_lost(mirrored: Site) -> None:
    mirrored.changes["DISPATCHER_API__TOKEN"] = "another"

    ended = await mirrored.spawn("sync", "-o", "json")

    assert ended.code == 1
    assert ended.document["ok"] is False
    assert ended.document["campaigns"]["removed"] == 0
    assert "refuses the token of api.token" in ended.stderr


async def test_an_unreachable_platform_is_one_sentence(site: Site) -> None:
    site.changes["DISPATCHER_API__BASE_URL"] = "http://127.0.0.1:1/api"

    ended = await site.spawn("sync")

    assert ended.code == 1
    assert ended.stderr.startswith("dispatcher: the platform at http://127.0.0.1:1/api cannot be reached")
    assert ended.stderr.count("\n") == 1


async def test_orders_that_cannot_be_read_are_a_problem(site: Site) -> None:
    site.store.orders[OPEN]["order_x"] = {"uuid": "order_x", "status": object()}

    document = await sync_once(load(None, site.settings), None)

    assert document["ok"] is False
    assert document["campaigns"]["added"] == 2
    assert document["fault"]


async def test_an_empty_list_over_a_full_mirror_is_believed_only_by_word_of_the_operator(mirrored: Site) -> None:
    for _ in range(10):
        mirrored.store.add_campaign(name="One of many")
    await mirrored.run("sync")
    for uuid in list(mirrored.store.campaigns):
        mirrored.store.delete_campaign(uuid)

    doubted = await mirrored.run("sync", "-o", "json")
    believed = await mirrored.run("sync", "--accept-removals", "-o", "json")

    assert (doubted.document["campaigns"]["removed"], doubted.document["campaigns"]["refused"]) == (0, 12)
    assert believed.document["campaigns"]["removed"] == 12


async def test_the_orders_of_a_campaign_that_is_named_are_read_whether_it_is_open_or_not(mirrored: Site) -> None:
    mirrored.store.add_order(SHUT, "+33612345679", uuid="order_of_shut")
    mirrored.store.add_order(OPEN, "+33612345670", uuid="order_of_open")

    document = (await mirrored.run("sync", "--campaign", "Without hours", "-o", "json")).document
    missing = await mirrored.run("sync", "--campaign", "Nobody's")

    assert (document["ok"], document["orders"]["added"], document["orders"]["unchanged"]) == (True, 1, 0)
    assert (missing.code, missing.stdout) == (1, "")
    assert "there is no campaign" in missing.stderr


async def test_progress_tells_of_each_kind(site: Site) -> None:
    told: list[tuple[str, int, int | None]] = []

    await sync_once(load(None, site.settings), lambda *progress: told.append(progress))

    assert told == [("phones", 1, 1), ("campaigns", 2, 2), ("orders", 1, None)]


async def test_the_log_tells_what_each_pass_changed_before_and_after(mirrored: Site) -> None:
    mirrored.store.campaigns[OPEN]["name"] = "Open always"
    mirrored.store.delete_campaign(SHUT)
    await mirrored.run("sync")

    document = (await mirrored.run("sync", "log", "--kind", "campaigns", "-o", "json")).document

    newest, first = document["passes"]
    assert newest["ok"]
    assert newest["seconds"] > 0
    changes = {one["uuid"]: one for one in newest["changes"]}
    assert changes[OPEN]["change"] == "changed"
    assert changes[OPEN]["before"]["name"] != "Open always"
    assert changes[OPEN]["after"]["name"] == "Open always"
    assert "schedule" not in changes[OPEN]["after"]
    assert changes[SHUT]["change"] == "removed"
    assert {one["change"] for one in first["changes"]} == {"added"}


async def test_the_log_of_one_thing_has_only_that(mirrored: Site) -> None:
    mirrored.store.delete_campaign(SHUT)
    await mirrored.run("sync")
    await mirrored.run("sync")

    document = (await mirrored.run("sync", "log", "--thing", SHUT, "-o", "json")).document

    assert [[change["change"] for change in one["changes"]] for one in document["passes"]] == [["removed"], ["added"]]


async def test_the_log_tells_failed_passes_and_why(mirrored: Site) -> None:
    await mirrored.run("sync")
    mirrored.changes["DISPATCHER_API__TOKEN"] = "another"
    await mirrored.run("sync")

    ended = await mirrored.run("sync", "log", "--changed", "--kind", "campaigns")

    assert "refuses the token of api.token" in ended.stdout
    assert "nothing new" not in ended.stdout
    assert "2 added" in ended.stdout


async def test_a_log_without_passes_says_how_to_make_one(site: Site) -> None:
    await site.run("db", "upgrade")
    ended = await site.run("sync", "log")
    assert "No such pass is on record." in ended.stdout
