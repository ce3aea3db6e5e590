"""What makes the protocol safe, each as a switch, so that the model can be seen to fail without it."""

from typing import NamedTuple


class Rules(NamedTuple):
    """The five rules of the design, and further safeguards of the code that some of them rest on."""

    enters_once: bool = True
    """Rule 1. Off: `enqueue` does not ask whether the job has entered the stream before."""
    marked_first: bool = True
    """Rule 2. Off: an intent of which Redis knows nothing is given up without leaving a mark."""
    only_proof: bool = True
    """Rule 3. Off: no document is taken as proof enough, although somebody has read the entry."""
    all_or_nothing: bool = True
    """Rule 4. Off: Redis may restart from an older state, documents included."""
    short_lease: bool = True
    """Rule 5. Off: documents on a replica may outlive the failover that promotes it."""

    claimer_only: bool = True
    """Rule 3 again. Off: a worker takes over another one's entry (XAUTOCLAIM) and says `gone`."""
    sure_of_gone: bool = True
    """Off: `gone` is believed without asking whether Redis is still the same."""
    looks_again: bool = True
    """Off: what taking back has found is believed without asking whether Redis is still the same."""
    waits_always: bool = True
    """Off: when Redis has become another, a queue without live attempts is used again without waiting for a lease."""
    fenced: bool = True
    """Off: scripts do not look at the epoch."""
    forgotten_stays: bool = True
    """Off: what taking back has found frees a call that was held meanwhile because Redis had forgotten it."""
    terms: bool = True
    """Off: a step that began before a loss was noticed may go on after it was settled."""


ALL_ON = Rules()
