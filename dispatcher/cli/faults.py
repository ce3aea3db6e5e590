"""Every end of a command: its exit code, and one sentence on standard error for a fault that is expected.

0    good
1    a problem was found: unhealthy, not found, refused, out of reach; or nobody reads the output any more
2    wrong usage or configuration
130  interrupted from the keyboard

Anything that is not expected keeps its traceback.
"""

import os
import sys
from collections.abc import Callable

import click

from dispatcher.errors import ConfigurationError, DispatcherError

PROBLEM = 1
WRONG = 2
_INTERRUPTED = 130


def guarded(run: Callable[[], object]) -> int:
    """Run a command of click, not standalone, and return the exit code."""
    try:
        code = run()
        # While a closed pipe can still be told from a fault: the interpreter's own flush would complain of it.
        sys.stdout.flush()
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PROBLEM
    except ConfigurationError as wrong:
        say(*wrong.faults)
        return WRONG
    except DispatcherError as fault:
        say(str(fault))
        return PROBLEM
    return code if isinstance(code, int) else 0


def say(*sentences: str) -> None:
    """Write sentences to standard error, each on a line of its own."""
    for sentence in sentences:
        click.echo(f"dispatcher: {' '.join(sentence.split())}", err=True)


def problem() -> click.exceptions.Exit:
    """Return what a command raises that has shown a problem and now ends with the code for it."""
    return click.exceptions.Exit(PROBLEM)
