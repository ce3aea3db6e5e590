"""Timing: the median of several rounds, and how far they lie apart."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns


@dataclass(frozen=True, slots=True)
class Timing:
    """What one thing cost in each round, in microseconds, in ascending order."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The round in the middle."""
        return median(self.rounds)

    def __str__(self) -> str:
        return f"{figure(self.median)} µs ({figure(self.rounds[0])} to {figure(self.rounds[-1])})"


def timed(work: Callable[[], int], rounds: int) -> Timing:
    """Return what one of the things costs of which `work` does as many as it returns; it is done once beforehand."""
    work()
    costs: list[float] = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            started = perf_counter_ns()
            done = work()
            costs.append((perf_counter_ns() - started) / 1000 / done)
    finally:
        gc.enable()
    return Timing(tuple(sorted(costs)))


def figure(number: float) -> str:
    """Write a number with three significant figures and no exponent."""
    if number == 0:
        return "0"
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
