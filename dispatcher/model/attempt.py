"""The states of an attempt, and every way between them.

    intent ──▶ queued ──▶ dialing ──▶ finished ◀──────────┐ (a late report outweighs a person's word)
       │         │           │         ▲                  │
       │         │           └──▶ uncertain ──▶ released ─┘
       ├─────────┼──────────────▶│   │
       └─────────┴──▶ revoked | expired ◀┘ (only with proof that nobody began the call)

- intent: written to SQL, perhaps in the hopper;
- queued: in the hopper, not known to be begun;
- dialing: a worker has taken the document (it said so, or the document is gone and its claimer silent);
- finished: an outcome is known, from the worker, the platform or a person;
- revoked: taken back by the dispatcher before anyone began it, no attempt spent;
- expired: nobody began it before its time ran out, no attempt spent;
- uncertain: perhaps begun, then silence; never dialled again by itself;
- released: a person answers for it that nobody was called, no attempt spent.
"""

from enum import StrEnum


class State(StrEnum):
    """The state of an attempt."""

    INTENT = "intent"
    QUEUED = "queued"
    DIALING = "dialing"
    FINISHED = "finished"
    REVOKED = "revoked"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"
    RELEASED = "released"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.INTENT: frozenset(
        {State.QUEUED, State.DIALING, State.FINISHED, State.REVOKED, State.EXPIRED, State.UNCERTAIN}
    ),
    State.QUEUED: frozenset(
        {State.DIALING, State.FINISHED, State.REVOKED, State.EXPIRED, State.UNCERTAIN},
    ),
    State.DIALING: frozenset({State.FINISHED, State.EXPIRED, State.UNCERTAIN}),
    State.UNCERTAIN: frozenset({State.FINISHED, State.EXPIRED, State.RELEASED}),
    State.RELEASED: frozenset({State.FINISHED}),
    State.FINISHED: frozenset(),
    State.REVOKED: frozenset(),
    State.EXPIRED: frozenset(),
}
"""From each state, the states that may follow; the mirror refuses any other."""

UNBEGUN = frozenset({State.INTENT, State.QUEUED})
"""States in which the dispatcher may still take the call back."""

LIVE = frozenset({State.INTENT, State.QUEUED, State.DIALING})
"""States that take up a slot of the phone."""

HOLDING = LIVE | {State.UNCERTAIN}
"""States that keep the order from being dialled again."""

CALLED = (State.DIALING, State.FINISHED, State.UNCERTAIN)
"""States in which the person was called, or perhaps was."""


LOST = "Redis had forgotten the queue"
"""Why an attempt is uncertain after a loss; a `gone` for it proves nothing, for another worker may have begun it."""


def sources(target: State) -> frozenset[State]:
    """Return the states from which an attempt may go to `target`."""
    return frozenset(state for state, following in TRANSITIONS.items() if target in following)
