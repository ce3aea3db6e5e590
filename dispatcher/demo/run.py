"""The demo: sandbox, Redis, SQLite, daemon, page and simulated dialers in one process and a temporary folder."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from dispatcher.clock import Clock
from dispatcher.daemon.daemon import Daemon
from dispatcher.demo.audit import audit
from dispatcher.demo.phone_log import PhoneLog
from dispatcher.demo.progress import Progress
from dispatcher.demo.redis_server import RedisServer
from dispatcher.demo.summary import Summary, show
from dispatcher.errors import TransientError
from dispatcher.log import configure
from dispatcher.mirror import campaigns, history
from dispatcher.model.attempt import LIVE
from dispatcher.model.brakes import Scope
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.seed import seed
from dispatcher.sandbox.server import Server
from dispatcher.sandbox.store import Store
from dispatcher.settings import Settings, load
from dispatcher.web.front import front
from dispatcher.worker import Worker
from dispatcher.worker.simulate import Simulator

TOKEN = "demo-token-of-the-sandbox"  # noqa: S105 (it opens a sandbox on the loopback interface)
CAMPAIGNS, ORDERS = 20, 3000
_CALL_S = (3.0, 30.0)
_DIALS_AT_ONCE = 300
_LONGEST_END_S = 20.0


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts of a running demo."""

    store: Store
    daemon: Daemon
    log: PhoneLog
    worker: Worker
    page: str


def run(*, for_: timedelta | None, speed: float, port: int | None, output: str) -> int:
    """Run the demo for so long, or until Ctrl-C; return 0 only if nothing was lost, doubled or out of hours.

    `speed` shortens the simulated calls and raises the rate of each phone by the same factor. `port` is the page's;
    None takes a free one. The summary goes to standard output, progress and logs to standard error.
    """
    configure("warning", None)
    summary = asyncio.run(_run(for_, speed, port))
    show(summary, output)
    return 0 if summary.ok else 1


async def _run(for_: timedelta | None, speed: float, port: int | None) -> Summary:
    clock = Clock()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    started = clock.monotonic()
    with tempfile.TemporaryDirectory(prefix="dispatcher-demo-") as folder:
        async with _stage(Path(folder), clock, speed, port or 0) as stage:
            dialing = asyncio.create_task(
                stage.worker.run(Simulator(length_s=_lengths(speed), on_begin=stage.log.begin))
            )
            progress = Progress(stage.daemon, stage.page, for_)
            showing = asyncio.create_task(progress.show())
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), for_.total_seconds() if for_ else None)
            progress.ending = True
            await _wind_down(stage, clock)
            stage.worker.stop()
            await dialing
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
            return await _sum_up(stage, clock.monotonic() - started)


def _lengths(speed: float) -> tuple[float, float]:
    return _CALL_S[0] / speed, _CALL_S[1] / speed


@asynccontextmanager
async def _stage(folder: Path, clock: Clock, speed: float, port: int) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        redis = RedisServer(folder)
        redis.start()
        stack.callback(redis.stop)
        store = Store()
        seed(store, campaigns=CAMPAIGNS, orders=ORDERS, now=clock.now())
        sandbox = await stack.enter_async_context(Server(create_app(store, TOKEN, clock)))
        settings = _settings(folder, sandbox.url, redis.url, speed, port)
        daemon = Daemon(settings, clock, _deposed)
        await daemon.start()
        stack.push_async_callback(daemon.stop)
        page = await stack.enter_async_context(front(daemon))
        worker = Worker(redis.url, settings.redis.prefix, concurrency=_DIALS_AT_ONCE)
        yield Stage(store, daemon, PhoneLog(clock), worker, page)


def _settings(folder: Path, api_url: str, redis_url: str, speed: float, port: int) -> Settings:
    return load(
        None,
        {
            "DISPATCHER_API__BASE_URL": api_url,
            "DISPATCHER_API__TOKEN": TOKEN,
            "DISPATCHER_DATABASE__URL": f"sqlite:///{folder / 'demo.db'}",
            "DISPATCHER_REDIS__URL": redis_url,
            "DISPATCHER_CALLING_RULES__FILE": str(Path(__file__).with_name("calling-rules.toml")),
            "DISPATCHER_SYNC__INTERVAL": "5s",
            "DISPATCHER_SYNC__ORDERS_INTERVAL": "10s",
            "DISPATCHER_LIMITS__PHONE_CALLS_PER_SECOND": str(speed),
            "DISPATCHER_HTTP__BIND": f"127.0.0.1:{port}",
            "DISPATCHER_HTTP__TOKEN": TOKEN,
        },
    )


def _deposed(fault: str) -> None:
    raise TransientError(fault)


async def _wind_down(stage: Stage, clock: Clock) -> None:
    """Stop new calls and wait until those under way have ended and their outcomes are known."""
    await stage.daemon.pause(Scope.ALL, None, "the demo ends")
    until = clock.monotonic() + _LONGEST_END_S
    while clock.monotonic() < until:
        counted = await stage.daemon.context.database.read(history.counts)
        if not any(counted[state] for state in LIVE):
            return
        await clock.sleep(0.1)


async def _sum_up(stage: Stage, seconds: float) -> Summary:
    database = stage.daemon.context.database
    everything = await database.read(history.listed, limit=1_000_000)
    mirrored = await database.read(campaigns.counts)
    return Summary(
        seconds=seconds,
        campaigns=mirrored["campaigns"],
        orders=mirrored["orders"],
        queued=sum(attempt.queued_at is not None or attempt.outcome is not None for attempt in everything),
        begun=len(stage.log.begun),
        finished=await database.read(history.outcomes),
        audit=audit(stage.log.begun, everything, stage.store.campaigns),
    )
