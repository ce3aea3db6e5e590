from tests.integration.cli.conftest import TOKEN, Ended, Site


def faults(ended: Ended) -> dict[str, str]:
    return {one["part"]: one["detail"] for one in ended.document["findings"] if not one["ok"]}


async def test_what_works_is_good(mirrored: Site) -> None:
    ended = await mirrored.run("check", "-o", "json")

    assert (ended.code, ended.stderr) == (0, "")
    assert ended.document["ok"] is True
    assert {one["part"] for one in ended.document["findings"]} == {
        "configuration",
        "time zones",
        "calling rules",
        "database",
        "redis",
        "api",
    }


async def test_a_database_without_tables_is_only_a_warning(site: Site) -> None:
    ended = await site.run("check", "-o", "json")

    [database] = [one for one in ended.document["findings"] if one["part"] == "database"]
    assert ended.code == 0
    assert database["warning"] is True
    assert "no tables yet" in database["detail"]


async def test_every_part_that_fails_is_told_not_only_the_first(site: Site) -> None:
    site.changes = {
        "DISPATCHER_DATABASE__URL": f"sqlite:///{site.folder}/no/such/folder/mirror.db",
        "DISPATCHER_REDIS__URL": "redis://127.0.0.1:1/0",
        "DISPATCHER_API__TOKEN": "another",
    }

    ended = await site.spawn("check", "-o", "json")

    assert ended.code == 1
    assert faults(ended).keys() == {"database", "redis", "api"}
    assert "unable to open database file" in faults(ended)["database"]
    assert "Redis does not answer" in faults(ended)["redis"]
    assert "refuses the token" in faults(ended)["api"]


async def test_a_missing_account_is_a_fault_of_the_configuration(site: Site) -> None:
    site.changes = {"DISPATCHER_API__TOKEN": ""}

    ended = await site.run("check", "-o", "json")

    assert ended.code == 2
    assert "api.token is not set" in faults(ended)["configuration"]


async def test_a_faulty_configuration_is_a_document_too(site: Site) -> None:
    site.changes = {"DISPATCHER_HOPPER__LEASE": "never", "DISPATCHER_NO__SETTING": "1"}

    ended = await site.run("check", "-o", "json")

    assert ended.code == 2
    assert [one["part"] for one in ended.document["findings"]] == ["configuration"] * 2
    assert ended.stderr.count("dispatcher: ") == 2


async def test_the_configuration_is_shown_without_its_secrets(mirrored: Site) -> None:
    ended = await mirrored.run("check", "--show-config")

    assert ended.code == 0
    assert "sync.max_staleness" in ended.stdout
    assert "environment variable DISPATCHER_API__TOKEN" in ended.stdout
    assert TOKEN not in ended.stdout
