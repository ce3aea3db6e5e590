"""Who does it and why: what a command asks for that leaves a record."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def by_whom(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --by."""
    told = click.option("--by", metavar="NAME", help="Who does it, for the record; else the user of this session.")
    return told(command)


def said(text: str, option: str) -> str:
    """Return what an option says; an empty text is wrong usage."""
    if not text.strip():
        raise click.UsageError(f"{option} is empty: say why, for those who will ask.")
    return text.strip()


def who_by(given: str | None) -> str:
    """Return who does it: whom --by names, else the user of this session."""
    if given is not None:
        return said(given, "--by")
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "unknown"
