"""The schema's version: read it, and bring it up to date."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from dispatcher.errors import ConfigurationError

if TYPE_CHECKING:
    from alembic.config import Config

LATEST = "0003"
"""The version that this dispatcher needs."""

_LOCK = 6372846
"""Any number that nobody else locks in this database."""


def upgrade(connection: Connection) -> tuple[str | None, str]:
    """Apply what is missing and return the version before (None for an empty database) and after.

    ConfigurationError if a newer dispatcher has made the database.
    """
    if connection.dialect.name == "postgresql":
        # Two daemons that start on an empty database take turns.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    before = current(connection)
    if before == LATEST:
        return before, LATEST
    # Most commands find the schema as it should be and need not wait for this import.
    from alembic import command  # noqa: PLC0415

    config = _config()
    if before is not None and before > LATEST:
        raise ConfigurationError(f"the database is {other(before)}")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return before, LATEST


def other(version: str) -> str:
    """Say of a version that is not LATEST what it is and what to do; versions are numbers of one length."""
    if version > LATEST:
        return f"at version {version}, which this dispatcher does not know: run the newer dispatcher that made it"
    return f"at version {version}, and this dispatcher needs {LATEST}: run `dispatcher db upgrade`"


def current(connection: Connection) -> str | None:
    """Return the version that the database is at; None if it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return version


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 (as above)

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
