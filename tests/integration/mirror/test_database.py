import asyncio
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from shutil import copyfile

import pytest
from sqlalchemy import Column, Connection, MetaData, String, Table, insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from dispatcher.errors import ConfigurationError, DeposedError, TransientError
from dispatcher.mirror import record, schema
from dispatcher.mirror.database import Database
from dispatcher.mirror.types import Instant
from tests.integration.mirror.things import NOON
from tests.servers import Postgres

moments = Table("moments", MetaData(), Column("name", String, primary_key=True), Column("at", Instant))


def kept(database: Database, at: datetime | None) -> datetime | None:
    def write(connection: Connection) -> None:
        moments.create(connection, checkfirst=True)
        connection.execute(moments.delete())
        connection.execute(insert(moments).values(name="a", at=at))

    database.run_write(write)
    found: datetime | None = database.run(lambda connection: connection.execute(select(moments.c.at)).scalar_one())
    return found


@pytest.mark.parametrize(
    "at",
    [
        NOON,
        NOON + timedelta(microseconds=1),
        datetime(2026, 7, 1, 9, 30, tzinfo=timezone(timedelta(hours=-3))),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        None,
    ],
)
def test_an_instant_comes_back_in_utc(empty: Database, at: datetime | None) -> None:
    found = kept(empty, at)
    assert found == at
    assert found is None or found.tzinfo is UTC


def test_a_naive_datetime_is_refused(empty: Database) -> None:
    with pytest.raises(StatementError, match="naive datetime"):
        kept(empty, datetime(2026, 1, 12, 12, 0))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("place", "at"),
    [
        ("America/New_York", datetime(1, 1, 1, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(9999, 12, 31, 23, 59, tzinfo=UTC)),
    ],
)
def test_the_ends_of_the_calendar_come_back_whatever_zone_the_server_is_set_to(
    postgres: Callable[[], Database], place: str, at: datetime
) -> None:
    postgres().run_write(_set, f"timezone TO '{place}'")
    assert kept(postgres(), at) == at


@pytest.mark.parametrize(("set_to", "waits"), [("0", "10s"), ("3s", "3s")])
def test_nobody_waits_for_a_row_for_ever_unless_the_database_is_set_otherwise(
    postgres: Callable[[], Database], set_to: str, waits: str
) -> None:
    postgres().run_write(_set, f"lock_timeout TO '{set_to}'")
    assert postgres().run(lambda connection: connection.execute(text("SHOW lock_timeout")).scalar_one()) == waits


def test_a_server_that_has_become_a_standby_refuses_changes_for_the_time_being(
    postgres: Callable[[], Database],
) -> None:
    postgres().run_write(_set, "default_transaction_read_only TO on")
    with pytest.raises(TransientError, match=r"cannot be used: cannot execute \w+ in a read-only transaction"):
        postgres().run_write(record.begin_epoch, "host", NOON)


def _set(connection: Connection, what: str) -> None:
    name = connection.execute(text("SELECT current_database()")).scalar_one()
    connection.execute(text(f"ALTER DATABASE {name} SET {what}"))


def test_what_fails_is_rolled_back(database: Database) -> None:
    def write_and_fail(connection: Connection) -> None:
        record.begin_epoch(connection, "host", NOON)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        database.run_write(write_and_fail)
    assert database.run(record.current) is None


async def test_reads_and_writes_run_beside_the_loop(database: Database) -> None:
    assert await database.write(record.begin_epoch, "host", NOON) == 1
    life = await database.read(record.current)
    assert life is not None
    assert life.epoch == 1


async def long_change(database: Database) -> tuple[asyncio.Task[None], asyncio.Event]:
    """Begin a change that commits once the event is set."""
    started, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(connection: Connection) -> None:
        record.begin_epoch(connection, "host", NOON)
        loop.call_soon_threadsafe(started.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(timeout=60)

    changing = asyncio.create_task(database.write(slow))
    await started.wait()
    return changing, go_on


async def test_a_change_whose_waiter_is_cancelled_commits_all_the_same(database: Database) -> None:
    waiter, go_on = await long_change(database)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    go_on.set()
    async with asyncio.timeout(60):
        while await database.read(record.current) is None:
            await asyncio.sleep(0.01)


async def test_a_reader_need_not_wait_for_a_long_change(database: Database) -> None:
    changing, go_on = await long_change(database)
    async with asyncio.timeout(30):
        assert await database.read(record.current) is None
    go_on.set()
    await changing
    assert await database.read(record.current) is not None


def test_a_mistake_of_ours_is_no_expected_fault(database: Database) -> None:
    def twice(connection: Connection) -> None:
        for _ in range(2):
            connection.execute(text("INSERT INTO do_not_call VALUES ('+1', 'x', '2026-01-12 12:00:00', 'ann')"))

    with pytest.raises(IntegrityError):
        database.run_write(twice)


def test_a_writer_that_was_locked_out_waits_for_the_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'mirror.db'}"
    first, second = Database(url), Database(url)
    first.run_write(schema.upgrade)
    with first.connect(write=True) as connection:
        assert record.begin_epoch(connection, "first", NOON) == 1
        # A reader is in nobody's way.
        assert second.run(record.current) is None
    assert second.run_write(record.begin_epoch, "second", NOON) == 2
    first.close()
    second.close()


@pytest.mark.parametrize("url", ["", "no address", "://"])
def test_an_address_that_is_none_is_a_fault_of_the_configuration(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"database\.url"):
        Database(url)


def unusable(database: Database) -> str:
    with pytest.raises(TransientError) as caught:
        database.run_write(schema.upgrade)
    database.close()
    said = str(caught.value)
    assert database.name in said
    assert "\n" not in said
    return said


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    said = unusable(Database(f"sqlite:///{tmp_path / 'missing' / 'mirror.db'}"))
    assert str(tmp_path / "missing" / "mirror.db") in said
    assert "unable to open database file" in said


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    assert "unable to open database file" in unusable(Database(f"sqlite:///{tmp_path}"))


def test_a_file_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    path.touch()
    assert "readonly" in unusable(Database(f"sqlite:///file:{path}?mode=ro&uri=true"))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    path.write_text("this is a letter to my aunt, and no database at all\n" * 100)
    assert "file is not a database" in unusable(Database(f"sqlite:///{path}"))


def test_a_server_that_is_down_is_named_without_its_password() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = unusable(Database(f"postgresql://dialer:hunter2@127.0.0.1:{port}/calls"))
    assert "hunter2" not in said
    assert f"dialer:***@127.0.0.1:{port}/calls" in said


def test_a_database_that_does_not_exist_is_named(postgres_server: Postgres) -> None:
    url, _, options = postgres_server.fresh().partition("?")
    said = unusable(Database(f"{url}_missing?{options}"))
    assert "does not exist" in said


@pytest.mark.parametrize("put_back", [False, True])
def test_a_sqlite_file_that_was_replaced_is_written_to_no_more(tmp_path: Path, put_back: bool) -> None:
    path = tmp_path / "mirror.db"
    database = Database(f"sqlite:///{path}")
    database.run_write(schema.upgrade)
    path.rename(tmp_path / "away.db")
    if not put_back:
        copyfile(tmp_path / "away.db", path)
    with pytest.raises(DeposedError, match=r"mirror.db was removed or replaced under this process"):
        database.run(schema.current)
    if put_back:
        (tmp_path / "away.db").rename(path)
        assert database.run(schema.current) == schema.LATEST
    database.close()
