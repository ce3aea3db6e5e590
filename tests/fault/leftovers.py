"""What Redis must not hold once everything has settled: then SQL knows all, and the hopper is empty."""

from typing import Any

import redis
from redis.exceptions import ResponseError

_LASTING = (":calls", ":outcomes", ":fence", ":phones")


def leftovers(client: redis.Redis, prefix: str = "dispatcher") -> list[str]:
    """Return a sentence for each thing that should not be there any more."""
    found = []
    phones: Any = client.smembers(f"{prefix}:phones")
    for phone in sorted(phones):
        calls, outcomes = f"{prefix}:{{{phone}}}:calls", f"{prefix}:{{{phone}}}:outcomes"
        if client.xlen(calls):
            found.append(f"phone {phone} has {client.xlen(calls)} entries in its stream")
        if client.xlen(outcomes):
            found.append(f"phone {phone} has {client.xlen(outcomes)} reports that were not applied")
        try:
            pending: Any = client.xpending(calls, "dialers")
        except ResponseError:
            continue  # the queue was lost and nobody has needed it since
        if pending["pending"]:
            found.append(f"phone {phone} has {pending['pending']} claims that stand for nothing")
    for key in client.scan_iter(f"{prefix}:*", count=1000):
        if ":call:" in key:
            found.append(f"{key} can still be begun")
        elif not key.endswith(_LASTING) and client.pttl(key) == -1:
            found.append(f"{key} would stay for ever")
    return found
