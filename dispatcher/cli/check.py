"""`dispatcher check`: whether everything is there and right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.faults import WRONG, problem
from dispatcher.cli.options import Common, Taught, common
from dispatcher.cli.signals import run
from dispatcher.errors import ConfigurationError

if TYPE_CHECKING:
    from dispatcher.cli.tables import Page
    from dispatcher.daemon.check import Finding
    from dispatcher.settings import Settings


@click.command(cls=Taught, examples=["dispatcher check --config dispatcher.toml", "dispatcher check --show-config"])
@click.option("--show-config", is_flag=True, help="Show every setting in force, and where it was set.")
@common
@click.pass_obj
def check(given: Common, show_config: bool) -> None:
    """Try all that the dispatcher needs, and print every fault.

    It reads the configuration and tries the database, Redis and the API, each whatever becomes of the others.

    The exit code is 0 if the dispatcher can run, 1 if some part does not work, 2 if the configuration is wrong.
    """
    try:
        settings = given.settings()
    except ConfigurationError as wrong:
        if given.json:
            faults = [_row("configuration", ok=False, detail=fault) for fault in wrong.faults]
            given.show({"ok": False, "findings": faults}, _page)
        raise
    from dispatcher.daemon.check import check as try_parts
    from dispatcher.rules.zones import use_newest

    use_newest()
    findings = run(try_parts(settings))
    document: dict[str, Any] = {"ok": all(one.ok for one in findings), "findings": [_of(one) for one in findings]}
    if show_config:
        document["configuration"] = _configuration(settings)
    given.show(document, _page)
    if any(one.part == "configuration" and not one.ok for one in findings):
        raise click.exceptions.Exit(WRONG)
    if not document["ok"]:
        raise problem()


def _of(finding: Finding) -> dict[str, Any]:
    return _row(finding.part, ok=finding.ok, detail=finding.detail, warning=finding.warning)


def _row(part: str, *, ok: bool, detail: str, warning: bool = False) -> dict[str, Any]:
    return {"part": part, "ok": ok, "warning": warning, "detail": detail}


def _configuration(settings: Settings) -> list[dict[str, str]]:
    from dispatcher.settings import describe

    return [{"key": row.key, "value": row.value, "source": row.source} for row in describe(settings)]


def _page(page: Page, document: dict[str, Any]) -> None:
    from rich.text import Text

    marks = {"ok": Text("ok", "green"), "warning": Text("warning", "yellow"), "fault": Text("fault", "bold red")}
    page.table(
        ["", "part", ""],
        [
            (
                marks["fault" if not one["ok"] else "warning" if one["warning"] else "ok"],
                one["part"],
                one["detail"],
            )
            for one in document["findings"]
        ],
    )
    if "configuration" in document:
        page.line()
        page.table(
            ["setting", "value", "from"],
            [(row["key"], row["value"], row["source"]) for row in document["configuration"]],
        )
    page.line()
    if document["ok"]:
        page.good("Everything needed works.")
    else:
        page.bad("Not everything works: see the faults above.")
