import asyncio
import csv
import json
import os
import pty
import sys

import pytest

from tests.integration.cli.conftest import OPEN, ORDER, SHUT, Site

PARIS, LONDON, LYON = "+33612345678", "+442079460018", "+33412345678"


def leads(site: Site, text: str, name: str = "leads.csv") -> str:
    file = site.folder / name
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    return str(file)


async def exported(site: Site, *arguments: str) -> list[dict[str, object]]:
    ended = await site.run("orders", "export", "--format", "jsonl", *arguments)
    assert ended.code == 0
    return [json.loads(line) for line in ended.stdout.splitlines()]


async def test_a_file_is_imported_with_a_report_of_what_is_refused(mirrored: Site) -> None:
    text = f"id;phoneNumber;name;email\n1;{LONDON};Ann;a@b\n2;0611;Bob;\n3;{PARIS};Cy;\n4;{LYON};\udcff;\n"
    rest = mirrored.folder / "rest.csv"

    ended = await mirrored.run(
        *("orders", "import", leads(mirrored, text), "--campaign", "Always open", "--refused", str(rest), "-o", "json")
    )

    document = ended.document["imported"]
    assert ended.code == 1
    counts = [document[name] for name in ("campaign", "lines", "added", "already", "dry_run", "ignored")]
    assert counts == [OPEN, 4, 1, 0, False, ["email"]]
    assert [one["line"] for one in document["refused"]] == [3, 4, 5]
    assert "0611" not in ended.stdout
    assert f"number: {ORDER}" in document["refused"][1]["why"]
    kept = rest.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    assert kept == [line for line in text.splitlines() if LONDON not in line]


async def test_the_same_file_once_more_adds_nothing(mirrored: Site) -> None:
    file = leads(mirrored, f'{{"phoneNumber": "{LONDON}", "id": 1}}\n{{"phoneNumber": "{LYON}"}}\n', "leads.jsonl")
    for added, already in ((2, 0), (0, 2)):
        ended = await mirrored.run("orders", "import", file, "--campaign", OPEN, "-o", "json")
        assert (ended.code, ended.document["imported"]["added"]) == (0, added)
        assert ended.document["imported"]["already"] == already


async def test_a_dry_run_changes_nothing(mirrored: Site) -> None:
    file = leads(mirrored, f"phone\n{LONDON}\n{LYON}\n")

    tried = await mirrored.run("orders", "import", file, "--campaign", OPEN, "--dry-run")

    assert (tried.code, "Nothing was changed" in tried.stdout) == (0, True)
    assert [one["uuid"] for one in await exported(mirrored)] == [ORDER]


async def test_an_imported_order_outlives_a_sync_and_is_explained(mirrored: Site) -> None:
    del mirrored.store.orders[OPEN][ORDER]
    await mirrored.run("orders", "import", leads(mirrored, f"phone\n{LONDON}\n"), "--campaign", OPEN)
    await mirrored.sync()

    [order] = await exported(mirrored, "--campaign", OPEN)

    assert (order["source"], order["phoneNumber"], order["status"]) == ("import", LONDON, "planned")
    explained = (await mirrored.run("explain", OPEN, str(order["uuid"]), "-o", "json")).document
    assert explained["dialing"] is True


async def test_many_lines_are_imported_some_at_a_time(mirrored: Site) -> None:
    good = "".join(f"+1212555{place:04}\n" for place in range(5000))
    file = leads(mirrored, "phone\n" + good + "no\n" * 30)

    ended = await mirrored.run("orders", "import", file, "--campaign", OPEN)

    assert ended.code == 1
    assert "10 more lines are refused" in ended.stdout
    assert "No daemon is running" in ended.stdout
    assert len(await exported(mirrored)) == 5001


async def test_an_export_can_be_imported_and_adds_nothing(mirrored: Site) -> None:
    await mirrored.run("orders", "import", leads(mirrored, f"phone,id,name\n{LONDON},7,Ann\n"), "--campaign", OPEN)
    file = mirrored.folder / "orders.csv"

    written = await mirrored.run("orders", "export", "-f", str(file), "-o", "json")
    ended = await mirrored.run("orders", "import", str(file), "--campaign", OPEN, "-o", "json")

    assert written.document["exported"] == {"file": str(file), "campaign": None, "format": "csv", "orders": 2}
    rows = {row["phoneNumber"]: row for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())}
    assert (rows[LONDON]["id"], rows[LONDON]["name"], rows[LONDON]["source"]) == ("7", "Ann", "import")
    assert (rows[PARIS]["uuid"], rows[PARIS]["attempts"], rows[PARIS]["closed_as"]) == (ORDER, "0", "")
    assert (ended.code, ended.document["imported"]["already"]) == (0, 2)


async def test_a_list_is_mended_by_a_later_import_and_taken_out_again(mirrored: Site) -> None:
    file = leads(mirrored, f"phone,id,name\n{LONDON},7,Ann\n{LYON},8,Bob\n")
    await mirrored.run("orders", "import", file, "--campaign", OPEN)
    mended = leads(mirrored, f"phone,id,name\n{LONDON},7,Anna\n", "mended.csv")

    refused = await mirrored.run("orders", "import", mended, "--campaign", OPEN, "-o", "json")
    updated = await mirrored.run("orders", "import", mended, "--campaign", OPEN, "--update", "-o", "json")

    assert "--update" in refused.document["imported"]["refused"][0]["why"]
    assert (updated.code, updated.document["imported"]["updated"]) == (0, 1)
    names = {one["id"]: (one["name"], one["uuid"]) for one in await exported(mirrored)}
    assert names["7"][0] == "Anna"

    tried = await mirrored.run("orders", "remove", "--file", file, "--campaign", OPEN, "--dry-run")
    assert (tried.code, "Nothing was changed" in tried.stdout) == (0, True)
    one = await mirrored.run("orders", "remove", str(names["8"][1]), ORDER, "-o", "json")
    assert (one.code, one.document["removed"]["removed"]) == (1, 1)
    assert [refusal["order"] for refusal in one.document["removed"]["refused"]] == [ORDER]
    rest = await mirrored.run("orders", "remove", "--file", file, "--campaign", OPEN, "-o", "json")
    assert (rest.code, rest.document["removed"]) == (0, {"dry_run": False, "removed": 1, "already": 1, "refused": []})
    assert [order["uuid"] for order in await exported(mirrored)] == [ORDER]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["remove"], 2, "by their uuids, or give --file"),
        (["remove", "--file", "names.csv"], 2, "--file needs --campaign"),
        (["remove", "--file", "names.csv", "--campaign", OPEN], 2, "call one phoneNumber"),
        (["import", "nonesuch.csv", "--campaign", OPEN], 2, "nonesuch.csv"),
        (["import", "names.csv", "--campaign", OPEN], 2, "call one phoneNumber"),
        (["import", "names.csv", "--campaign", "nonesuch"], 1, "there is no campaign 'nonesuch'"),
        (["import", "names.csv", "--campaign", SHUT, "--refused", "./names.csv"], 2, "that is FILE itself"),
        (["export", "-o", "json"], 2, "-f FILE"),
        (["export", "--campaign", "nonesuch"], 1, "there is no campaign 'nonesuch'"),
    ],
)
async def test_wrong_usage_is_told(
    mirrored: Site, arguments: list[str], code: int, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads(mirrored, "name\nAnn\n", "names.csv")
    monkeypatch.chdir(mirrored.folder)

    ended = await mirrored.run("orders", *arguments)

    assert (ended.code, ended.stdout) == (code, "")
    assert sentence in ended.stderr
    assert (mirrored.folder / "names.csv").read_text(encoding="utf-8") == "name\nAnn\n"


async def test_a_pipe_is_imported_and_a_terminal_shows_how_far_it_is(mirrored: Site) -> None:
    ours, theirs = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *("sh", "-c", 'printf "phone\\n$0\\n" | "$@"', LONDON),
            *(sys.executable, "-m", "dispatcher", "orders", "import", "-", "--campaign", OPEN),
            env=mirrored.environment | {"TERM": "xterm"},
            stdout=asyncio.subprocess.PIPE,
            stderr=theirs,
        )
        stdout, _ = await asyncio.wait_for(process.communicate(), 60)
        shown = os.read(ours, 100_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)

    assert process.returncode == 0
    assert "added" in stdout.decode()
    assert "1 lines" in shown
