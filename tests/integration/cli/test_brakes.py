import pytest

from tests.integration.cli.conftest import OPEN, PHONE, Site


async def codes(site: Site, campaign: str) -> list[str]:
    return [one["code"] for one in (await site.run("explain", campaign, "-o", "json")).document["reasons"]]


async def test_a_campaign_stays_paused_whatever_a_sync_says(mirrored: Site) -> None:
    paused = await mirrored.run("pause", "Always open", "--reason", "wrong script", "-o", "json")
    await mirrored.sync()

    assert paused.code == 0
    assert paused.document["paused"] == {
        "scope": "campaign",
        "target": OPEN,
        "changed": True,
        "reason": "wrong script",
        "daemon_running": False,
    }
    assert "paused_by_operator" in await codes(mirrored, OPEN)


async def test_what_is_paused_already_keeps_its_first_reason(mirrored: Site) -> None:
    await mirrored.run("pause", OPEN, "--reason", "first")

    again = await mirrored.run("pause", OPEN, "--reason", "second")

    assert again.code == 0
    assert "was paused already: first" in again.stdout


async def test_a_pause_says_what_happens_without_a_daemon(mirrored: Site) -> None:
    ended = await mirrored.run("pause", "--all", "--reason", "storm")

    assert "expires within 10 s" in ended.stdout


async def test_a_resumed_campaign_is_dialled_again(mirrored: Site) -> None:
    await mirrored.run("pause", OPEN, "--reason", "x")

    resumed = await mirrored.run("resume", OPEN[:8], "-o", "json")

    assert resumed.code == 0
    assert resumed.document["resumed"]["changed"] is True
    assert "paused_by_operator" not in await codes(mirrored, OPEN)


async def test_resuming_a_campaign_tells_of_the_pause_of_everything(mirrored: Site) -> None:
    await mirrored.run("pause", "--all", "--reason", "storm")

    ended = await mirrored.run("resume", OPEN)

    assert ended.code == 0
    assert "was not paused" in ended.stdout
    assert "everything is paused: storm" in ended.stdout


async def test_a_phone_is_paused_for_its_campaigns(mirrored: Site) -> None:
    await mirrored.run("pause", "--phone", PHONE, "--reason", "flagged")

    assert "phone_paused" in await codes(mirrored, OPEN)


@pytest.mark.parametrize("target", [["nonesuch"], ["--phone", "nonesuch"]])
async def test_what_is_not_mirrored_is_not_paused(mirrored: Site, target: list[str]) -> None:
    ended = await mirrored.run("pause", *target, "--reason", "x", "-o", "json")

    assert (ended.code, ended.stdout) == (1, "")
    assert "'nonesuch'" in ended.stderr


async def test_no_time_is_promised_to_what_only_a_person_can_release(mirrored: Site) -> None:
    await mirrored.run("pause", OPEN, "--reason", "x")

    ended = await mirrored.run("explain", OPEN)

    assert "paused_by_operator" in ended.stdout
    assert "could be dialled next" not in ended.stdout
