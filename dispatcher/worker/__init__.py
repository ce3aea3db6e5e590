"""The worker kit: write a dialer as one async function from a `Call` to an `Outcome`.

from dispatcher.worker import Call, Outcome, Worker

async def dial(call: Call) -> Outcome:
    ...

await Worker("redis://127.0.0.1:6379/0", concurrency=20).run(dial)
"""

from dispatcher.model.call import Call
from dispatcher.model.outcome import Outcome
from dispatcher.worker.answer import Dial, OutcomeReported, OutcomeUnknown, Result
from dispatcher.worker.worker import Worker

__all__ = ["Call", "Dial", "Outcome", "OutcomeReported", "OutcomeUnknown", "Result", "Worker"]
