from pathlib import Path

import pytest

from tests.integration.cli.conftest import OPEN, ORDER, Site

NUMBER = "+33612345678"
OTHER = "+442079460018"


async def test_a_number_that_is_added_stands_against_its_order_whatever_a_sync_says(mirrored: Site) -> None:
    added = await mirrored.run(
        "dnc", "add", "+33 6 12 34 56 78", "--reason", "wrote to us", "--by", "ann", "-o", "json"
    )
    mirrored.store.orders[OPEN][ORDER]["instructions"] = "call again"
    await mirrored.sync()

    document = added.document["added"]
    assert added.code == 0
    assert (document["number"], document["reason"], document["added_by"]) == (NUMBER, "wrote to us", "ann")
    assert (document["changed"], document["daemon_running"]) == (True, False)
    explained = (await mirrored.run("explain", OPEN, ORDER, "-o", "json")).document
    assert "do_not_call" in [one["code"] for one in explained["reasons"]]


async def test_what_is_on_the_list_already_keeps_its_first_reason(mirrored: Site) -> None:
    await mirrored.run("dnc", "add", NUMBER, "--reason", "first")

    again = await mirrored.run("dnc", "add", NUMBER, "--reason", "second")

    assert again.code == 0
    assert "already: first" in again.stdout


async def test_a_removal_needs_a_reason_and_is_recorded(mirrored: Site) -> None:
    await mirrored.run("dnc", "add", NUMBER, "--reason", "asked", "--by", "ann")

    unsaid = await mirrored.run("dnc", "remove", NUMBER)
    removed = await mirrored.run("dnc", "remove", NUMBER, "--reason", "a slip", "--by", "bob", "-o", "json")
    listed = (await mirrored.run("dnc", "list", NUMBER, "-o", "json")).document

    assert unsaid.code == 2
    assert removed.document["removed"] == {"number": NUMBER, "changed": True, "reason": "a slip", "by": "bob"}
    assert (listed["listed"], listed["total"], listed["numbers"]) == (False, 0, [])
    assert [(one["change"], one["reason"], one["by"]) for one in listed["changes"]] == [
        ("added", "asked", "ann"),
        ("removed", "a slip", "bob"),
    ]


async def test_what_is_not_on_the_list_is_not_removed(mirrored: Site) -> None:
    ended = await mirrored.run("dnc", "remove", NUMBER, "--reason", "x", "-o", "json")

    assert ended.code == 1
    assert ended.document["removed"]["changed"] is False


async def test_the_user_of_the_session_is_who_did_it(mirrored: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "carol")

    await mirrored.run("dnc", "add", NUMBER, "--reason", "x")

    [entry] = (await mirrored.run("dnc", "list", "-o", "json")).document["numbers"]
    assert entry["added_by"] == "carol"


async def test_a_user_without_a_name_is_unknown(mirrored: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.setattr("getpass.getuser", nameless)

    await mirrored.run("dnc", "add", NUMBER, "--reason", "x")

    assert "unknown" in (await mirrored.run("dnc", "list")).stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["add", "0612345678", "--reason", "x"], "not in international form"),
        (["add", NUMBER, "--reason", " "], "--reason is empty"),
        (["add", NUMBER, "--reason", "x", "--by", ""], "--by is empty"),
        (["list", "ann"], "not in international form"),
        (["import", "nonesuch.txt"], "nonesuch.txt"),
    ],
)
async def test_wrong_usage_is_told(mirrored: Site, arguments: list[str], sentence: str) -> None:
    ended = await mirrored.run("dnc", *arguments)

    assert (ended.code, ended.stdout) == (2, "")
    assert sentence in ended.stderr


async def test_the_list_is_shown_newest_first_and_says_when_there_is_more(mirrored: Site) -> None:
    empty = await mirrored.run("dnc", "list")
    await mirrored.run("dnc", "add", NUMBER, "--reason", "first")
    await mirrored.run("dnc", "add", OTHER, "--reason", "second")

    listed = await mirrored.run("dnc", "list", "--limit", "1")

    assert "is empty" in empty.stdout
    assert OTHER in listed.stdout
    assert NUMBER not in listed.stdout
    assert "1 of 2" in listed.stdout


async def test_a_file_is_imported_with_a_report_of_what_is_refused(mirrored: Site, tmp_path: Path) -> None:
    await mirrored.run("dnc", "add", NUMBER, "--reason", "first")
    file = tmp_path / "crm.csv"
    file.write_text(
        f"Name;Mobile;Reason\nAnn;{NUMBER};mail\nBob;{OTHER};letter\nCy;0611\nBob again;{OTHER};\n", encoding="utf-8"
    )

    ended = await mirrored.run("dnc", "import", str(file), "--by", "ann", "-o", "json")

    document = ended.document["imported"]
    assert ended.code == 1
    counts = {name: document[name] for name in ("lines", "added", "already", "repeated", "dry_run")}
    assert counts == {"lines": 4, "added": 1, "already": 1, "repeated": 1, "dry_run": False}
    assert [one["line"] for one in document["refused"]] == [4]
    assert "0611" not in ended.stdout
    listed = (await mirrored.run("dnc", "list", OTHER, "-o", "json")).document
    assert [(one["reason"], one["added_by"]) for one in listed["numbers"]] == [("letter", "ann")]


async def test_a_dry_run_changes_nothing(mirrored: Site, tmp_path: Path) -> None:
    file = tmp_path / "optouts.txt"
    file.write_text(f"{NUMBER}\n{OTHER}\n", encoding="utf-8")

    tried = await mirrored.run("dnc", "import", str(file), "--dry-run", "-o", "json")
    told = await mirrored.run("dnc", "import", str(file), "--dry-run")

    assert (tried.code, tried.document["imported"]["added"]) == (0, 2)
    assert "Nothing was changed" in told.stdout
    assert (await mirrored.run("dnc", "list", "-o", "json")).document["total"] == 0


async def test_a_file_of_many_numbers_and_faults_is_imported(mirrored: Site, tmp_path: Path) -> None:
    file = tmp_path / "many.txt"
    good = [f"+1212555{number:04}" for number in range(6000)]
    file.write_bytes("\n".join(good).encode() + b"\n" + b"\xff\xfe\x00\n" * 30)

    ended = await mirrored.run("dnc", "import", str(file), "--reason", "list of March")

    assert ended.code == 1
    assert "10 more lines are refused" in ended.stdout
    listed = (await mirrored.run("dnc", "list", "-o", "json", "--limit", "1")).document
    assert (listed["total"], listed["numbers"][0]["reason"]) == (6000, "list of March")


async def test_a_column_that_is_not_there_is_wrong_usage(mirrored: Site, tmp_path: Path) -> None:
    file = tmp_path / "crm.csv"
    file.write_text(f"Name,Phone\nAnn,{NUMBER}\n", encoding="utf-8")

    ended = await mirrored.run("dnc", "import", str(file), "--column", "Mobil")

    assert (ended.code, ended.stdout) == (2, "")
    assert "no column 'Mobil'" in ended.stderr
