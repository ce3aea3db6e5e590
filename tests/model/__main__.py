"""Explores further than the tests do: `python -m tests.model --losses 1`, or `--off short_lease --failovers 1`.

Two orders without a failover are explored by `product`, which is faster by far and needs a hundredth of the memory.
"""

import argparse
import sys

from tests.model import explore, product
from tests.model.explore import Bounds
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
    parser.add_argument("--most", type=int, help="stop after so many states, at 1.5 KB of memory each")
    given = vars(parser.parse_args())
    faults = Faults(**{name: given[name] for name in Faults._fields})
    bounds = Bounds(**{name: given[name] for name in _SIZES}, overlap=not given["alone"], faults=faults)
    rules: Rules = ALL_ON._replace(**dict.fromkeys(given["off"], False))
    if bounds.orders == 2 and bounds.takes == 1 and not bounds.faults.failovers and given["most"] is None:
        found = product.explore(bounds, rules, _tell)
    else:
        found = explore.explore(bounds, rules, most=given["most"])
    print(f"{found.states} states, {found.moves} steps, depth {found.depth}, {found.seconds:.0f} s")  # noqa: T201
    for number, step in enumerate(found.trace, start=1):
        print(f"{number:4} {step}")  # noqa: T201
    said = found.violation or (
        "nothing was found" if found.complete else "nothing was found so far: --most was reached"
    )
    print(said)  # noqa: T201
    return 1 if found.violation else 0


def _tell(depth: int, states: int) -> None:
    print(f"depth {depth}: {states} states", file=sys.stderr, flush=True)  # noqa: T201


sys.exit(main())
