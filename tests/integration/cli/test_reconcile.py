"""The command that compares SQL and Redis, where no daemon runs."""

import redis

from tests.integration.cli.conftest import PHONE, Site

STRAY = "f" * 32


def leave_an_entry(site: Site) -> redis.Redis:
    client = redis.Redis.from_url(site.settings["DISPATCHER_REDIS__URL"], decode_responses=True, protocol=3)
    client.xadd(f"dispatcher:{{{PHONE}}}:calls", {"job": STRAY, "order": "order_1"})
    return client


async def test_what_agrees_is_told_in_a_sentence(mirrored: Site) -> None:
    ended = await mirrored.run("reconcile")
    assert (ended.code, ended.stdout) == (0, "SQL and Redis agree.\n")


async def test_a_dry_run_tells_what_differs_and_changes_nothing(mirrored: Site) -> None:
    with leave_an_entry(mirrored) as client:
        ended = await mirrored.run("reconcile", "--dry-run", "-o", "json")
        assert ended.code == 1
        assert (ended.document["dry_run"], ended.document["daemon_running"], ended.document["left"]) == (True, False, 1)
        [one] = ended.document["findings"]
        assert (one["kind"], one["phone"], one["job"], one["done"]) == ("entry_of_unknown_job", PHONE, STRAY, "found")
        assert client.xlen(f"dispatcher:{{{PHONE}}}:calls") == 1


async def test_without_a_daemon_it_repairs_by_itself(mirrored: Site) -> None:
    with leave_an_entry(mirrored) as client:
        ended = await mirrored.run("reconcile")
        assert ended.code == 0
        assert "entry of unknown job" in ended.stdout
        assert "repaired" in ended.stdout
        assert client.xlen(f"dispatcher:{{{PHONE}}}:calls") == 0
    assert (await mirrored.run("reconcile")).stdout == "SQL and Redis agree.\n"


async def test_without_a_mirror_there_is_nothing_to_compare_and_none_is_made(site: Site) -> None:
    for _ in range(2):
        ended = await site.run("reconcile")
        assert (ended.code, ended.stdout) == (1, "")
        assert "holds no mirror yet" in ended.stderr


async def test_it_needs_no_account(mirrored: Site) -> None:
    for name in ("DISPATCHER_API__TOKEN", "DISPATCHER_API__BASE_URL"):
        del mirrored.settings[name]
    assert (await mirrored.run("reconcile")).code == 0
