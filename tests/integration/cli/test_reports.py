from datetime import UTC, datetime

import pytest

from dispatcher.mirror import record
from dispatcher.mirror.database import Database
from tests.integration.cli.conftest import OPEN, ORDER, PHONE, SHUT, Site


@pytest.fixture
def running(mirrored: Site) -> Site:
    """A site on whose database a daemon has just given a sign of life."""
    database = Database(mirrored.settings["DISPATCHER_DATABASE__URL"])
    database.run_write(record.begin_epoch, "host", datetime.now(UTC))
    database.close()
    return mirrored


async def test_status_of_what_is_well_is_good(running: Site) -> None:
    ended = await running.spawn("status", "-o", "json")

    assert (ended.code, ended.stderr) == (0, "")
    assert ended.document["healthy"] is True
    assert ended.document["mirror"].keys() >= {"campaigns", "phones", "orders", "synced_at", "age_s"}
    assert ended.document["hopper"] == {"ready": 0, "in_flight": 0}
    assert "dialing" in ended.document["attempts"]


async def test_status_without_a_daemon_is_a_problem(mirrored: Site) -> None:
    ended = await mirrored.run("status")

    assert ended.code == 1
    assert "not healthy" in ended.stdout
    assert "2 campaigns, 1 phones, 1 orders" in ended.stdout


async def test_campaigns_have_the_contracts_keys(running: Site) -> None:
    ended = await running.run("campaigns", "-o", "json")

    found = {one["uuid"]: one for one in ended.document["campaigns"]}
    keys = {"uuid", "name", "status", "timezone", "open", "dialing", "reasons", "next_change"}
    assert (ended.code, ended.stderr) == (0, "")
    assert all(one.keys() >= keys for one in found.values())
    assert (found[OPEN]["dialing"], found[SHUT]["dialing"]) == (True, False)
    assert found[SHUT]["reasons"][0]["code"] == "no_schedule"


async def test_the_table_of_campaigns_holds_whole_ids_in_a_pipe(running: Site) -> None:
    ended = await running.run("campaigns")

    assert ended.code == 0
    assert OPEN in ended.stdout
    assert SHUT in ended.stdout
    assert "no_schedule" in ended.stdout
    assert "…" not in ended.stdout


async def test_queues_have_the_contracts_keys(mirrored: Site) -> None:
    ended = await mirrored.run("queues", "-o", "json")

    [queue] = ended.document["phones"]
    assert ended.code == 0
    assert queue["phone"] == PHONE
    assert queue.keys() >= {"phone", "number", "ready", "in_flight", "concurrency", "oldest_ready_s"}


async def test_a_table_of_queues_names_the_phone(mirrored: Site) -> None:
    assert "+33140000001" in (await mirrored.run("queues")).stdout


async def test_jobs_are_none_at_first_and_it_is_said_what_to_look_at(mirrored: Site) -> None:
    listed, told = await mirrored.run("jobs", "-o", "json"), await mirrored.run("jobs", "--state", "queued")

    assert listed.document["jobs"] == []
    assert "dispatcher campaigns" in told.stdout


@pytest.mark.parametrize("name", [SHUT, SHUT[:8], "Without hours"])
async def test_a_campaign_is_explained_by_whatever_names_it(mirrored: Site, name: str) -> None:
    ended = await mirrored.run("explain", name, "-o", "json")

    document = ended.document
    assert ended.code == 0
    assert document.keys() >= {"campaign", "at", "dialing", "reasons", "next_open"}
    assert (document["campaign"], document["dialing"], document["next_open"]) == (SHUT, False, None)
    assert document["reasons"][0].keys() >= {"code", "detail", "until"}


async def test_an_order_is_explained(mirrored: Site) -> None:
    document = (await mirrored.run("explain", OPEN, ORDER, "--at", "2027-01-04T09:00Z", "-o", "json")).document

    assert (document["order"], document["at"]) == (ORDER, "2027-01-04T09:00:00Z")


async def test_an_explanation_for_people_has_every_reason(mirrored: Site) -> None:
    ended = await mirrored.run("explain", "Without hours")

    assert "It is not dialled" in ended.stdout
    assert "no_schedule" in ended.stdout


async def test_a_campaign_is_previewed_from_the_mirror(mirrored: Site) -> None:
    ended = await mirrored.run("preview", OPEN, "--from", "2027-01-04T09:00Z", "--days", "1", "-o", "json")

    assert ended.document["campaign"] == OPEN
    assert ended.document["windows"] == [{"opens_at": "2027-01-04T09:00:00Z", "closes_at": "2027-01-05T09:00:00Z"}]


async def test_a_campaign_that_never_opens_has_no_preview(mirrored: Site) -> None:
    ended = await mirrored.run("preview", SHUT)

    assert (ended.code, ended.stdout) == (1, "")
    assert "the schedule is null" in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "nonesuch"],
        ["explain", OPEN, "nonesuch"],
        ["preview", "nonesuch"],
        ["jobs", "--campaign", "nonesuch"],
    ],
)
async def test_what_does_not_exist_is_one_sentence(mirrored: Site, arguments: list[str]) -> None:
    ended = await mirrored.run(*arguments, "-o", "json")

    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("dispatcher: ")
    assert ended.stderr.count("\n") == 1
    assert "'nonesuch'" in ended.stderr


async def test_common_options_may_stand_before_the_command(mirrored: Site) -> None:
    file = mirrored.folder / "dispatcher.toml"
    file.write_text('[redis]\nprefix = "other"\n')

    before = await mirrored.run("-c", str(file), "-o", "json", "queues")
    after = await mirrored.run("queues", "-c", str(file), "-o", "json")

    assert before.document == after.document
    assert before.code == after.code == 0


async def test_a_campaigns_hours_and_the_end_of_its_list_are_previewed(mirrored: Site) -> None:
    told, ended = await mirrored.run("preview", OPEN), await mirrored.run("preview", OPEN, "-o", "json")

    assert ended.document.keys() >= {"campaign", "timezone", "from", "to", "open_now", "windows", "notes", "forecast"}
    assert ended.document["forecast"]["waiting"] == 1
    assert "The list will be done" in told.stdout
    assert "# open   . closed   | now" in told.stdout


async def test_every_campaign_is_previewed_one_under_the_other(mirrored: Site) -> None:
    page = mirrored.folder / "week.html"

    told = await mirrored.run("preview", "--all", "--html", str(page))
    ended = await mirrored.run("preview", OPEN, SHUT, "-o", "json")

    assert (told.code, ended.code) == (0, 0)
    assert "It never opens: " in told.stdout
    assert f"The picture is in {page}." in told.stdout
    assert page.read_text(encoding="utf-8").count("<figure>") == 2
    assert [one["campaign"] for one in ended.document["campaigns"]] == [OPEN, SHUT]
    assert "fault" in ended.document["campaigns"][1]


async def test_a_note_is_marked_in_the_table_and_told_by_explain(mirrored: Site) -> None:
    mirrored.store.update_phone(PHONE, {"countryCode": "US"}, datetime.now(UTC))
    await mirrored.sync()

    listed, told = await mirrored.run("campaigns"), await mirrored.run("explain", SHUT)
    documents = (await mirrored.run("campaigns", "-o", "json")).document["campaigns"]

    assert [[note["code"] for note in one["notes"]] for one in documents] == [["zone_not_of_phone_country"]] * 2
    assert "Notes: 2 zone_not_of_phone_country." in listed.stdout
    assert "Note (zone_not_of_phone_country): the time zone Europe/Paris is not kept in US" in told.stdout
