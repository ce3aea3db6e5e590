"""Explores further than the tests do: `python -m tests.model --crashes 2 --replies 1`, or `--off short_lease`."""

import argparse
import sys

from tests.model.explore import Bounds, explore
from tests.model.rules import ALL_ON, Rules
from tests.model.world import Faults

_SIZES = ("orders", "workers", "dispatchers", "takes")


def main() -> int:
    """Explore as the arguments say, print what was found, and return 1 if that is a broken promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    for name in _SIZES:
        parser.add_argument(f"--{name}", type=int, default=getattr(Bounds(), name))
    parser.add_argument("--alone", action="store_true", help="a dispatcher starts only when the one before has stopped")
    for name in Faults._fields:
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--off", action="append", choices=Rules._fields, default=[], help="switch a rule off")
    parser.add_argument("--most", type=int, help="stop after so many states (1.5 KB of memory each)")
    given = vars(parser.parse_args())
    faults = Faults(**{name: given[name] for name in Faults._fields})
    bounds = Bounds(**{name: given[name] for name in _SIZES}, overlap=not given["alone"], faults=faults)
    rules: Rules = ALL_ON._replace(**dict.fromkeys(given["off"], False))
    found = explore(bounds, rules, most=given["most"])
    print(f"{found.states} states, {found.moves} steps, depth {found.depth}, {found.seconds:.0f} s")  # noqa: T201
    for number, step in enumerate(found.trace, start=1):
        print(f"{number:4} {step}")  # noqa: T201
    said = found.violation or (
        "nothing was found" if found.complete else "nothing was found so far: --most was reached"
    )
    print(said)  # noqa: T201
    return 1 if found.violation else 0


sys.exit(main())
