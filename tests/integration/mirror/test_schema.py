from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from dispatcher.errors import ConfigurationError, TransientError
from dispatcher.mirror import migrations, record, schema
from dispatcher.mirror.database import Database
from dispatcher.mirror.tables import metadata
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
