"""A dialer written with the worker kit, as a process with a telephone log."""

import asyncio
import random
import signal
import time
from datetime import datetime

from dispatcher.log import configure
from dispatcher.worker import Call, Outcome, Worker
from tests.fault.crashing import Steps, die_with_parent
from tests.fault.phone_log import PhoneLog, now
from tests.fault.raw_worker import Habits

_PATIENCE_S = 5.0
"""A dial function is not told when its document was asked for; the kit dials nothing that took longer than this."""


def main(habits: Habits) -> None:
    """Dial until SIGTERM. What it says goes nowhere; the log tells all."""
    die_with_parent()
    configure("error", "json")
    steps = Steps(habits.dies_at, habits.stops_at)
    steps.watch()
    asyncio.run(_run(habits, steps))


async def _run(habits: Habits, steps: Steps) -> None:
    log = PhoneLog(habits.log)
    chance = random.Random(habits.seed)  # noqa: S311 (a simulation, and one that can be repeated)

    words = {word: weight for word, weight in habits.outcomes.items() if word in set(Outcome)}

    async def dial(call: Call) -> Outcome:
        asked_ms, at = now()
        not_after = int(datetime.fromisoformat(call.not_after).timestamp() * 1000)
        whom = (call.job, call.call_order_uuid, call.campaign_uuid, call.phone_uuid, call.to_phone_number)
        log.write(
            ["\t".join(map(str, ("b", *whom, habits.name, min(asked_ms, not_after), at - _PATIENCE_S, at, not_after)))]
        )
        steps.step()
        await asyncio.sleep(chance.uniform(*habits.call_s))
        [outcome] = chance.choices(list(words), list(words.values()))
        log.write([f"e\t{call.job}\t{time.monotonic()}\t{outcome}"])
        steps.step()
        return Outcome(outcome)

    worker = Worker(
        habits.url or f"redis://127.0.0.1:{habits.port}/0",
        concurrency=habits.at_once,
        heartbeat_s=habits.heartbeat_s,
        stop_timeout_s=5.0,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    await worker.run(dial)
    log.close()
