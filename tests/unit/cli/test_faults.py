import subprocess
import sys

import click
import pytest

from dispatcher.cli.faults import guarded
from dispatcher.errors import ConfigurationError, DispatcherError, TransientError


def raising(fault: BaseException) -> object:
    raise fault


@pytest.mark.parametrize(("given", "code"), [(None, 0), (0, 0), (1, 1), (2, 2)])
def test_what_a_command_returns_is_the_exit_code(given: object, code: int) -> None:
    assert guarded(lambda: given) == code


def test_an_expected_fault_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code = guarded(lambda: raising(TransientError("Redis does not answer:\n  connection refused")))

    assert code == 1
    assert capsys.readouterr() == ("", "dispatcher: Redis does not answer: connection refused\n")


def test_each_fault_of_the_configuration_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    code = guarded(lambda: raising(ConfigurationError("a is wrong.", "b is wrong.")))

    assert code == 2
    assert capsys.readouterr().err == "dispatcher: a is wrong.\ndispatcher: b is wrong.\n"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_is_quiet(capsys: pytest.CaptureFixture[str], interruption: BaseException) -> None:
    assert guarded(lambda: raising(interruption)) == 130
    assert capsys.readouterr() == ("", "")


def test_what_is_not_expected_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        guarded(lambda: 1 / 0)


def test_the_plain_fault_is_expected_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(lambda: raising(DispatcherError("no"))) == 1


def test_output_that_nobody_reads_is_no_fault() -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "dispatcher", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert started.stdout is not None
    started.stdout.close()
    assert started.stderr is not None

    assert started.stderr.read() == b""
    assert started.wait() == 1
    started.stderr.close()
