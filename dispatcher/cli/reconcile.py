"""`dispatcher reconcile`: SQL and Redis, compared both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.faults import problem
from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.signals import run

if TYPE_CHECKING:
    from dispatcher.cli.tables import Page


@click.command(cls=Taught, examples=["dispatcher reconcile --dry-run", "dispatcher reconcile -o json"])
@click.option("--dry-run", is_flag=True, help="Only tell what differs.")
@common
@click.pass_obj
def reconcile(given: Common, dry_run: bool) -> None:
    """Compare what SQL and Redis have of the same calls, and repair what is provable.

    What is not provable is held and told. A daemon does the same at its start and every hopper.reconcile_interval:
    while one runs, this command only looks. It ends with 1 if anything is left as it was.
    """
    document = run(_reconcile(given, dry_run=dry_run))
    given.show(document, _page)
    if document["left"]:
        raise problem()


async def _reconcile(given: Common, *, dry_run: bool) -> dict[str, Any]:
    settings = given.settings()
    from dispatcher.cli.mirrored import opened
    from dispatcher.daemon.reconciled import reconcile_once

    # It would make the mirror that it does not find, and say that all is well with it.
    with opened(settings):
        pass
    return await reconcile_once(settings, dry_run=dry_run)


def _page(page: Page, document: dict[str, Any]) -> None:
    findings = document["findings"]
    if not findings:
        page.good("SQL and Redis agree.")
        return
    ids = page.ids(one[name] for one in findings for name in ("phone", "job", "order") if one[name])
    page.table(
        ["what", "phone", "job", "order", "done", "detail"],
        [
            (
                one["kind"].replace("_", " "),
                *(ids.get(one[name] or "") for name in ("phone", "job", "order")),
                one["done"],
                one["detail"],
            )
            for one in findings
        ],
    )
    if document["daemon_running"]:
        page.advice("A daemon is running: it repairs what it can every hopper.reconcile_interval, and at its start.")
    elif document["dry_run"]:
        page.advice("Nothing was changed: this was a dry run.")
