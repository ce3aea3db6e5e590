"""`dispatcher db`: the database's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.options import Common, Taught, common

if TYPE_CHECKING:
    from dispatcher.cli.tables import Page


@click.group()
@common
def db() -> None:
    """Care for the database: db upgrade."""


@db.command(cls=Taught, examples=["dispatcher db upgrade --config dispatcher.toml"])
@common
@click.pass_obj
def upgrade(given: Common) -> None:
    """Bring the tables to the version that this dispatcher needs.

    `dispatcher run` does it by itself when it starts; use this to do it before, or with another user's rights.
    """
    settings = given.settings()
    from dispatcher.mirror import schema
    from dispatcher.mirror.database import Database

    database = Database(settings.database.url.get_secret_value())
    try:
        before, after = database.run_write(schema.upgrade)
    finally:
        database.close()

    def page(page: Page, _: Any) -> None:
        if before == after:
            page.line(f"{database.name} is at version {after} already.")
        else:
            page.good(f"{database.name} was upgraded from {before or 'nothing'} to {after}.")

    given.show({"database": database.name, "from": before, "to": after}, page)
