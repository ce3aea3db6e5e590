"""What the long run has to say."""

from collections import Counter
from collections.abc import Sequence

from tests.fault.history import Verdict
from tests.fault.rounds import Round

_SHOWN = 20
_LOSSES = ("flushed", "Redis restarted", "group deleted", "stream deleted", "fence deleted")
_KILLS = ("worker killed", "dispatcher killed")


def line(one: Round) -> str:
    """Return a round in one line, and a line for each of the first promises that it broke."""
    if one.broke:
        return f"round {one.seed} broke off after {one.seconds:.0f} s: {one.broke}"
    found, kills = one.verdict, Counter(one.kills)
    told = (
        f"round {one.seed}: {found.attempts} attempts ({found.attempts / one.seconds:.0f}/s), {found.begun} begun,"
        f" {found.finished} finished; killed {kills['dispatchers']} dispatchers and {kills['workers']} workers,"
        f" {sum(one.faults.values())} faults; uncertain {found.uncertain} ({found.uncertain_after_loss} by losses);"
        f" {len(found.faults())} promises broken; {one.seconds:.0f} s"
    )
    return "\n".join([told, *(f"  ! {fault}" for fault in found.faults()[:_SHOWN])])


def progress(rounds: Sequence[Round], seconds: float, running: Sequence[str]) -> str:
    """Return where a run stands after so many seconds."""
    attempts = sum(one.verdict.attempts for one in rounds)
    kills = sum(sum(one.kills.values()) for one in rounds)
    broken = sum(len(one.verdict.faults()) for one in rounds) + sum(bool(one.broke) for one in rounds)
    return (
        f"{seconds / 60:.1f} min: {len(rounds)} rounds over, {attempts} attempts, {kills} kills,"
        f" {broken} promises broken; running: {', '.join(running)}"
    )


def summary(rounds: Sequence[Round], seconds: float | None = None) -> str:
    """Return the sums over all rounds, which took so many seconds in all if they did not run one after another."""
    seconds = seconds or sum(one.seconds for one in rounds) or 1.0
    verdicts = [one.verdict for one in rounds]
    faults, kills = Counter[str](), Counter[str]()
    for one in rounds:
        faults.update(one.faults)
        kills.update(one.kills)
    attempts = sum(one.attempts for one in verdicts)
    uncertain = sum(map(_by_death, verdicts))
    by_loss = sum(one.uncertain_after_loss for one in verdicts)
    others = Counter({name: number for name, number in faults.items() if name not in _KILLS})
    minutes = seconds / 60
    rows = [
        ("rounds", f"{len(rounds)}, {sum(bool(one.broke) for one in rounds)} broken off"),
        ("time", f"{minutes:.1f} min"),
        ("attempts", f"{attempts} ({attempts / seconds:.0f}/s)"),
        ("  begun", str(sum(one.begun for one in verdicts))),
        ("  finished", str(sum(one.finished for one in verdicts))),
        ("killed with -9", f"{kills.total()} ({kills.total() / minutes:.0f}/min)"),
        *((f"  {name}", str(number)) for name, number in sorted(kills.items())),
        ("other faults", f"{others.total()} ({others.total() / minutes:.0f}/min)"),
        *((f"  {name}", str(number)) for name, number in sorted(others.items())),
        ("duplicates", str(sum(len(one.duplicates) for one in verdicts))),
        ("lost", str(sum(len(one.lost) for one in verdicts))),
        ("late begins", str(sum(len(one.late) for one in verdicts))),
        ("  pauses", f"{sum(one.pauses for one in verdicts)}, {_slowest_pause(verdicts)}"),
        ("over a limit", str(sum(len(one.over_limit) for one in verdicts))),
        ("wrong otherwise", str(sum(len(one.wrong) for one in verdicts))),
        ("uncertain", f"{uncertain} after {kills['workers']} killed workers"),
        ("  most in a round", _most_uncertain(rounds)),
        ("  by losses of Redis", f"{by_loss} after {sum(faults[name] for name in _LOSSES)} losses"),
    ]
    return "\n".join(f"{name:22} {told}" for name, told in rows)


def _by_death(found: Verdict) -> int:
    """Return how many calls are uncertain by the death of a worker."""
    return found.uncertain - found.uncertain_after_loss


def _slowest_pause(verdicts: Sequence[Verdict]) -> str:
    """Tell how close to its limit the last call after a pause was begun."""
    slowest = max((one.slowest_pause for one in verdicts), default=0.0)
    return f"the last call was begun within {100 * slowest:.0f} % of the time allowed"


def _most_uncertain(rounds: Sequence[Round]) -> str:
    """Return the round in which the deaths of workers have left the most uncertain calls for each."""
    told = {one.seed: (_by_death(one.verdict), one.kills["workers"]) for one in rounds if one.kills.get("workers")}
    if not told:
        return "none"
    seed, (uncertain, deaths) = max(told.items(), key=lambda item: item[1][0] / item[1][1])
    return f"{uncertain} after {deaths} killed workers (round {seed})"
