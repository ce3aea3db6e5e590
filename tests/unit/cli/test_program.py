import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from dispatcher import __version__
from dispatcher.cli.program import MODULES

Run = Callable[..., Result]
HEAVY = ("rich", "pydantic", "sqlalchemy", "redis", "httpx", "structlog")


def test_the_help_lists_every_command(dispatcher: Run) -> None:
    shown = dispatcher("--help").stdout

    assert all(f"  {command} " in shown for command in MODULES)


NESTED = [["db", "upgrade"], *(["dnc", name] for name in ("add", "remove", "list", "import"))]
NESTED += [["rules", "show"], ["rules", "check"], *(["dead", name] for name in ("list", "retry", "drop"))]
NESTED += [["job", "release"], ["job", "close"], ["orders", "import"], ["orders", "remove"], ["orders", "export"]]
NESTED += [["reports", "list"], ["reports", "retry"], ["sync", "log"]]


SINGLE = [[name] for name in MODULES if name not in {"db", "dead", "dnc", "job", "orders", "reports", "rules"}]


@pytest.mark.parametrize("command", [*SINGLE, *NESTED], ids=" ".join)
def test_every_command_has_help_that_ends_with_examples(dispatcher: Run, command: list[str]) -> None:
    result = dispatcher(*command, "--help")

    assert result.exit_code == 0
    assert " ".join(["dispatcher", *command]) in result.stdout.partition("\nExamples:\n")[2]


@pytest.mark.parametrize("command", list(MODULES))
def test_no_command_is_cut_short_in_the_list(dispatcher: Run, command: str) -> None:
    [line] = [line for line in dispatcher("--help").stdout.splitlines() if line.startswith(f"  {command} ")]

    assert not line.endswith("...")


def test_the_version_is_that_of_the_package(dispatcher: Run) -> None:
    assert dispatcher("--version").stdout == f"dispatcher {__version__}\n"


def test_an_unknown_command_is_wrong_usage(dispatcher: Run) -> None:
    result = dispatcher("stauts")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "No such command 'stauts'. Did you mean 'status'?" in result.stderr


def test_an_unknown_command_that_is_like_none_is_told_without_a_guess(dispatcher: Run) -> None:
    assert dispatcher("xyzzy").stderr.endswith("Error: No such command 'xyzzy'.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["status", "--help"],
        ["-o", "json", "preview", "--schedule", '{"mon": {"start": "09:00", "end": "17:00"}}', "--timezone", "UTC"],
    ],
    ids=" ".join,
)
def test_what_needs_no_parts_loads_none(arguments: list[str]) -> None:
    asked = f"""
import sys
from dispatcher.cli import main
try:
    main({arguments!r})
except SystemExit as end:
    assert end.code == 0, end.code
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""

    ended = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert ended.stderr.strip() == "[]"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_asks_the_command_for_what_fits(dispatcher: Run, shell: str) -> None:
    assert f"_DISPATCHER_COMPLETE={shell}_complete" in dispatcher("completion", shell).stdout


def test_completion_knows_the_commands() -> None:
    ended = subprocess.run(
        [Path(sys.executable).with_name("dispatcher")],
        env={"_DISPATCHER_COMPLETE": "bash_complete", "COMP_WORDS": "dispatcher pre", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stdout == "plain,preview\n"
