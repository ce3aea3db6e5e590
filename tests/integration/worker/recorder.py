"""A dialer that records what it dials."""

import asyncio

from dispatcher.worker import Call, Outcome, Result


class Dialer:
    """Records the jobs that it dials; each call lasts until `gate` is open."""

    def __init__(self, answer: Outcome | Result = Outcome.COMPLETED, *, waits: bool = False) -> None:
        self.begun: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.gate = asyncio.Event()
        self._answer = answer
        if not waits:
            self.gate.set()

    async def __call__(self, call: Call) -> Outcome | Result:
        self.begun.append(call.job)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        return self._answer
