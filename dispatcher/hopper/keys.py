"""Every Redis key, with its type and lifetime.

`prefix` is `redis.prefix`; `{phone}` is a Redis Cluster hash tag, so that all keys of a phone share a slot.

| key                         | type   | holds                                  | lifetime                        |
|-----------------------------|--------|----------------------------------------|---------------------------------|
| prefix:phones               | set    | uuids of phones that have queues       | until the phone is swept        |
| prefix:{phone}:calls        | stream | an entry per queued call, one group    | entries until an outcome        |
| prefix:{phone}:call:<job>   | string | the call document                      | min(window close, now + lease)  |
| prefix:{phone}:seen:<job>   | string | the entry's id, or `taken`             | SEEN_MS after its last renewal  |
| prefix:{phone}:outcomes     | stream | what workers report                    | entries until applied to SQL    |
| prefix:{phone}:fence        | string | the term of the dispatcher in charge   | FENCE_MS after its last use     |
"""

GROUP = "dialers"
"""The consumer group of every calls stream."""

MARK = "#dispatcher"
"""A consumer of that group that reads nothing: by it a dispatcher tells the group that it has made from any other."""

SEEN_MS = 60 * 60 * 1000
"""A job's `seen` key outlives any late script of a stalled dispatcher by this much."""

FENCE_MS = 24 * 60 * 60 * 1000
"""A phone's fence outlives its last use by this much; longer silence is treated as a loss of the hopper."""


def phones(prefix: str) -> str:
    """Return the key of the set of phones that have queues."""
    return f"{prefix}:phones"


def calls(prefix: str, phone: str) -> str:
    """Return the key of a phone's stream of calls."""
    return f"{prefix}:{{{phone}}}:calls"


def call(prefix: str, phone: str, job: str) -> str:
    """Return the key of a call document."""
    return f"{prefix}:{{{phone}}}:call:{job}"


def seen(prefix: str, phone: str, job: str) -> str:
    """Return the key that remembers that a job entered the stream, or never may."""
    return f"{prefix}:{{{phone}}}:seen:{job}"


def outcomes(prefix: str, phone: str) -> str:
    """Return the key of a phone's stream of outcomes."""
    return f"{prefix}:{{{phone}}}:outcomes"


def fence(prefix: str, phone: str) -> str:
    """Return the key of a phone's fence."""
    return f"{prefix}:{{{phone}}}:fence"
