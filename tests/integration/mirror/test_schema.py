from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, bindparam, inspect, text

from dispatcher.errors import ConfigurationError, TransientError
from dispatcher.mirror import do_not_call, history, migrations, record, schema
from dispatcher.mirror.database import Database
from dispatcher.mirror.tables import metadata
from dispatcher.mirror.types import Instant
from tests.integration.mirror.things import NOON


def test_the_migrations_make_exactly_the_tables(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert database.run(differences) == []


def test_the_indexes_cover_what_the_tables_say(database: Database) -> None:
    # compare_metadata looks neither at the condition of an index nor, on SQLite, at all of its columns.
    def conditions(connection: Connection) -> dict[str | None, bool]:
        found = {}
        for table in metadata.tables.values():
            for index in inspect(connection).get_indexes(table.name):
                options = index.get("dialect_options", {})
                found[index["name"]] = f"{connection.dialect.name}_where" in options
        return found

    expected = {
        index.name: index.dialect_options["sqlite"]["where"] is not None
        for table in metadata.tables.values()
        for index in table.indexes
    }
    assert database.run(conditions) == expected


def test_an_empty_database_has_no_version_and_gets_the_latest(empty: Database) -> None:
    assert empty.run(schema.current) is None
    assert empty.run_write(schema.upgrade) == (None, schema.LATEST)
    assert empty.run(schema.current) == schema.LATEST


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(database: Database) -> None:
    database.run_write(record.begin_epoch, "host", NOON)
    assert database.run_write(schema.upgrade) == (schema.LATEST, schema.LATEST)
    assert database.run(record.current) is not None


def test_an_upgrade_keeps_what_an_earlier_version_has_written(empty: Database) -> None:
    def as_of_0001(connection: Connection) -> None:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        insert = text(
            'INSERT INTO attempts (job, "order", campaign, phone, number, ordinal, state, basis, not_after, created_at,'
            " begun_at, ended_at) VALUES (:job, :job, 'c', 'p', '+12125550001', 1, :state, 'b',"
            " '2026-01-12 12:00:00+00', '2026-01-12 10:59:00+00', :begun, '2026-01-12 11:05:00+00')"
        ).bindparams(bindparam("begun", type_=Instant))
        for job, state, begun in (("told", "finished", NOON), ("untold", "finished", None), ("back", "revoked", None)):
            connection.execute(insert, {"job": job, "state": state, "begun": begun})
        connection.execute(
            text("INSERT INTO do_not_call VALUES ('+12125550002', 'asked for it in call x', '2026-01-12 11:00:00+00')")
        )

    empty.run_write(as_of_0001)
    assert empty.run_write(schema.upgrade) == ("0001", schema.LATEST)
    called = empty.run(history.calls, ["+12125550001"], datetime(2026, 1, 1, tzinfo=UTC))
    assert {one.order: f"{one.begun_at:%H:%M}" for one in called["+12125550001"]} == {
        "told": "12:00",
        "untold": "11:05",
    }
    [entry] = empty.run(do_not_call.listed, 9)
    assert (entry.number, entry.added_by) == ("+12125550002", "dispatcher")
    assert [one.change for one in empty.run(do_not_call.changes, entry.number)] == ["added"]


def test_a_database_of_a_newer_dispatcher_is_left_alone(database: Database) -> None:
    def pretend(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    database.run_write(pretend)
    with pytest.raises(ConfigurationError, match="is at version 9999, which this dispatcher does not know"):
        database.run_write(schema.upgrade)


def test_a_database_that_was_never_migrated_says_what_to_do(empty: Database) -> None:
    with pytest.raises(TransientError, match=r"no such table|run `dispatcher db upgrade`"):
        empty.run(record.current)


def test_the_latest_version_is_that_of_the_last_migration() -> None:
    folder = Path(migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_current_head() == schema.LATEST
