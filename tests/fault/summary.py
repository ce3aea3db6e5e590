"""What the long run has to say."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.fault.soak import Round

_SHOWN = 20


def line(one: Round) -> str:
    """Return a round in one line, and a line for each of the first promises that it broke."""
    found = one.verdict
    told = (
        f"round {one.seed}: {found.attempts} attempts ({found.attempts / one.seconds:.0f}/s), {found.begun} begun,"
        f" {found.finished} finished; killed {one.kills['dispatchers']} dispatchers and {one.kills['workers']} workers,"
        f" {one.faults.total()} faults; uncertain {found.uncertain} ({found.uncertain_after_loss} by losses);"
        f" {len(found.faults())} promises broken; {one.seconds:.0f} s"
    )
    return "\n".join([told, *(f"  ! {fault}" for fault in found.faults()[:_SHOWN])])


def summary(rounds: Sequence[Round], broken: Mapping[str, int]) -> str:
    """Return the sums over all rounds."""
    verdicts = [one.verdict for one in rounds]
    faults, kills = Counter[str](), Counter[str]()
    for one in rounds:
        faults += one.faults
        kills += one.kills
    uncertain = sum(one.uncertain for one in verdicts)
    by_loss = sum(one.uncertain_after_loss for one in verdicts)
    rows = [
        ("rounds", f"{len(rounds)}, {sum(broken.values())} broken off"),
        ("time", f"{sum(one.seconds for one in rounds) / 60:.1f} min"),
        ("attempts", str(sum(one.attempts for one in verdicts))),
        ("  begun", str(sum(one.begun for one in verdicts))),
        ("  finished", str(sum(one.finished for one in verdicts))),
        ("killed with -9", f"{kills.total()} ({kills['dispatchers']} dispatchers, {kills['workers']} workers)"),
        ("other faults", str(faults.total() - faults["worker killed"] - faults["dispatcher killed"])),
        *((f"  {name}", str(number)) for name, number in sorted(faults.items())),
        ("duplicates", str(sum(len(one.duplicates) for one in verdicts))),
        ("lost", str(sum(len(one.lost) for one in verdicts))),
        ("late begins", str(sum(len(one.late) for one in verdicts))),
        ("over a limit", str(sum(len(one.over_limit) for one in verdicts))),
        ("wrong otherwise", str(sum(len(one.wrong) for one in verdicts))),
        ("uncertain", f"{uncertain - by_loss} after {kills['workers']} killed workers"),
        ("  by losses of Redis", f"{by_loss} after {sum(faults[name] for name in _LOSSES)} losses"),
    ]
    return "\n".join(f"{name:22} {told}" for name, told in rows)


_LOSSES = ("flushed", "Redis restarted", "group deleted", "stream deleted", "fence deleted")
