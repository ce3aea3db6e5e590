import asyncio
import signal

import pytest

from dispatcher.mirror.database import Connection, Database
from tests.integration.cli.conftest import Site


@pytest.mark.parametrize("command", ["status", "campaigns", "queues", "jobs"])
async def test_a_database_without_a_mirror_says_what_to_do(site: Site, command: str) -> None:
    ended = await site.run(command, "-o", "json")

    assert (ended.code, ended.stdout) == (1, "")
    assert "run `dispatcher sync`" in ended.stderr


@pytest.mark.parametrize("arguments", [["sync"], ["pause", "--all", "--reason", "x"]])
async def test_a_database_that_cannot_be_used_is_one_sentence(site: Site, arguments: list[str]) -> None:
    site.changes["DISPATCHER_DATABASE__URL"] = f"sqlite:///{site.folder}/no/such/folder/mirror.db"

    ended = await site.spawn(*arguments)

    assert (ended.code, ended.stdout) == (1, "")
    assert "cannot be used: unable to open database file" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("version", "remedy"), [("0001", "run `dispatcher db upgrade`"), ("9999", "run the newer dispatcher that made it")]
)
async def test_a_database_of_another_version_is_not_guessed_at(mirrored: Site, version: str, remedy: str) -> None:
    def set_version(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (version,))

    database = Database(mirrored.settings["DISPATCHER_DATABASE__URL"])
    database.run_write(set_version)
    database.close()

    status, check = [await mirrored.run(command) for command in ("status", "check")]

    assert (status.code, check.code) == (2, 1)
    assert remedy in status.stderr
    assert remedy in check.stdout


async def test_queues_without_redis_are_a_problem(mirrored: Site) -> None:
    mirrored.changes["DISPATCHER_REDIS__URL"] = "redis://127.0.0.1:1/0"

    ended = await mirrored.spawn("queues", "-o", "json")

    assert ended.code == 1
    assert ended.document["phones"][0]["ready"] is None
    assert "Redis does not answer" in ended.document["problems"][0]


async def test_a_migration_tells_from_where_to_where(site: Site) -> None:
    first, second = [await site.run("db", "upgrade", "-o", "json") for _ in range(2)]

    assert first.code == second.code == 0
    assert first.document["from"] is None
    assert second.document["from"] == second.document["to"] == first.document["to"]


async def test_ctrl_c_is_quiet(site: Site) -> None:
    reached = asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(never_answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        site.changes["DISPATCHER_API__BASE_URL"] = f"http://127.0.0.1:{port}/api"
        async with site.started("sync") as process:
            await asyncio.wait_for(reached.wait(), timeout=60)
            process.send_signal(signal.SIGINT)
            stdout, stderr = await asyncio.wait_for(process.communicate(), timeout=60)

    assert (process.returncode, stdout, stderr.strip()) == (130, b"", b"")
