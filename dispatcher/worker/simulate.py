"""A dialer that calls nobody: outcomes by a given mix, calls of a given length."""

import asyncio
import random
import re
from collections.abc import Callable, Mapping

from dispatcher.errors import ConfigurationError
from dispatcher.model.call import Call
from dispatcher.model.outcome import Outcome

DEFAULT_MIX: Mapping[Outcome, float] = {
    Outcome.COMPLETED: 60,
    Outcome.NO_ANSWER: 20,
    Outcome.BUSY: 10,
    Outcome.VOICEMAIL: 8,
    Outcome.FAILED: 2,
}
DEFAULT_LENGTH_S = (1.0, 5.0)

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


class Simulator:
    """A dial function: each call takes a random time within `length_s` (seconds) and ends by the weights of `mix`.

    With the same `seed` and the same order of calls it does the same again. `on_begin` is told of each call as it is
    begun, before anything else happens: a telephone log.
    """

    def __init__(
        self,
        mix: Mapping[Outcome, float] = DEFAULT_MIX,
        length_s: tuple[float, float] = DEFAULT_LENGTH_S,
        seed: int | None = None,
        on_begin: Callable[[Call], None] | None = None,
    ) -> None:
        self._outcomes = list(mix)
        self._weights = list(mix.values())
        self._length_s = length_s
        self._random = random.Random(seed)  # noqa: S311 - a simulation, and one that can be repeated
        self._on_begin = on_begin

    async def __call__(self, call: Call) -> Outcome:
        """Pretend to place the call, and return its outcome."""
        if self._on_begin is not None:
            self._on_begin(call)
        [outcome] = self._random.choices(self._outcomes, self._weights)
        await asyncio.sleep(self._random.uniform(*self._length_s))
        return outcome


def parse_mix(text: str) -> dict[Outcome, float]:
    """Return the mix that a text such as `completed=70,busy=10,no-answer=20` means; the weights need no given sum.

    Raises ConfigurationError with every fault found.
    """
    mix: dict[Outcome, float] = {}
    faults = []
    for part in text.split(","):
        word, _, weight = part.strip().partition("=")
        try:
            outcome = Outcome(word.strip())
        except ValueError:
            outcome = Outcome.GONE
        if outcome is Outcome.GONE:
            known = ", ".join(known.value for known in Outcome if known is not Outcome.GONE)
            faults.append(f"The mix has {part.strip()!r}, which names no outcome of a call: use {known}.")
        elif not re.fullmatch(r"\d+(\.\d+)?", weight.strip()):
            faults.append(f"The mix has {part.strip()!r}: write {outcome.value}=10, with a weight of 0 or more.")
        elif outcome in mix:
            faults.append(f"The mix names {outcome.value} twice.")
        else:
            mix[outcome] = float(weight)
    if not faults and not any(mix.values()):
        faults.append("The mix gives every outcome the weight 0: give one of them more.")
    if faults:
        raise ConfigurationError(*faults)
    return mix


def parse_length(text: str) -> tuple[float, float]:
    """Return the shortest and the longest call in seconds that a text such as `1s-5s`, `500ms-2m` or `3s` means.

    Raises ConfigurationError.
    """
    shortest, dash, longest = text.partition("-")
    low = _seconds(shortest)
    high = _seconds(longest) if dash else low
    if low is None or high is None:
        bad = shortest if low is None else longest
        raise ConfigurationError(f"The length of calls has {bad.strip()!r}: write 1s-5s, 500ms-2m or 3s.")
    if low > high:
        raise ConfigurationError(f"The length of calls is {text.strip()!r}: the shorter one comes first.")
    return low, high


def _seconds(text: str) -> float | None:
    matched = _DURATION.fullmatch(text.strip())
    return float(matched[1]) * _SECONDS[matched[2]] if matched else None
