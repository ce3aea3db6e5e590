"""The schema's version: read it, and bring it up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from dispatcher.errors import ConfigurationError


def upgrade(connection: Connection) -> tuple[str | None, str]:
    """Apply what is missing and return the version before (None for an empty database) and after."""
    before = current(connection)
    known = [revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions()]
    if before is not None and before not in known:
        raise ConfigurationError(
            f"the database is at version {before}, which this dispatcher does not know:"
            " run the newer dispatcher that made it"
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return before, latest()


def current(connection: Connection) -> str | None:
    """Return the version that the database is at; None if it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def latest() -> str:
    """Return the version that this dispatcher needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise AssertionError("there are no migrations in the package")
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
