"""`dispatcher worker`: a dialer."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from dispatcher.cli.options import Common, Taught, configured

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from dispatcher.settings import Settings
    from dispatcher.worker import Dial, Worker
    from dispatcher.worker.callback import Report


@click.command(
    cls=Taught,
    examples=[
        "dispatcher worker --simulate --mix completed=70,busy=10,no-answer=20 --length 500ms-2s",
        "dispatcher worker --webhook https://dialer.example/calls --concurrency 50",
    ],
)
@click.option("--simulate", is_flag=True, help="Call nobody: make up outcomes after a while.")
@click.option("--webhook", metavar="URL", help="Post each call to your own dialer, and read the outcome it answers.")
@click.option("--concurrency", type=click.IntRange(1, 10_000), default=10, show_default=True, help="Calls at once.")
@click.option("--phone", "phones", metavar="UUID", multiple=True, help="Only this phone's calls; may be repeated.")
@click.option("--mix", metavar="MIX", help="With --simulate: the outcomes and their weights.")
@click.option("--length", metavar="LENGTH", help="With --simulate: how long calls take (default: 1s-5s).")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help="With --webhook: where the dialer posts outcomes later (default: a free port of 127.0.0.1).",
)
@click.option("--callback-url", metavar="URL", help="With --webhook: how the dialer reaches --listen, if otherwise.")
@configured
@click.pass_obj
def worker(
    given: Common,
    simulate: bool,
    webhook: str | None,
    concurrency: int,
    phones: tuple[str, ...],
    mix: str | None,
    length: str | None,
    listen: str | None,
    callback_url: str | None,
) -> None:
    """Take calls out of the hopper and place them.

    Simulated, or through your own dialer; of the rest it needs only Redis. A dialer that answers a post with 200 gives
    the outcome at once, as JSON such as {"outcome": "completed"}; one that answers 202 posts it later to the address in
    the header Dispatcher-Callback, at any time. With worker.webhook_secret its requests are signed. The first SIGTERM
    or Ctrl-C lets the calls that run end within worker.stop_timeout, the second does not wait for them.
    """
    if simulate == (webhook is not None):
        raise click.UsageError("Give either --simulate or --webhook URL.")
    for option, value, needs in (
        ("--mix", mix, simulate),
        ("--length", length, simulate),
        ("--listen", listen, webhook),
        ("--callback-url", callback_url, webhook),
    ):
        if value is not None and not needs:
            raise click.UsageError(f"{option} goes with {'--webhook' if simulate else '--simulate'} only.")
    settings = given.settings(level=None)
    from dispatcher.worker import Worker

    taker = Worker(
        settings.redis.url.get_secret_value(),
        settings.redis.prefix,
        phones or None,
        concurrency=concurrency,
        stop_timeout_s=settings.worker.stop_timeout.total_seconds(),
    )
    dial = (
        nullcontext(_simulator(mix, length))
        if webhook is None
        else _bridge(settings, webhook, taker.report, listen, callback_url)
    )
    asyncio.run(_work(taker, dial))


def _simulator(mix: str | None, length: str | None) -> Dial:
    from dispatcher.worker.simulate import DEFAULT_LENGTH_S, DEFAULT_MIX, Simulator, parse_length, parse_mix

    return Simulator(
        DEFAULT_MIX if mix is None else parse_mix(mix), DEFAULT_LENGTH_S if length is None else parse_length(length)
    )


def _bridge(
    settings: Settings, url: str, report: Report, listen: str | None, callback_url: str | None
) -> AbstractAsyncContextManager[Dial]:
    from dispatcher.settings.addresses import parse
    from dispatcher.worker.webhook import Webhook

    try:
        address = parse(listen or "127.0.0.1:0")
    except ValueError as fault:
        raise click.UsageError(f"--listen {fault}.") from None
    secret = settings.worker.webhook_secret
    return Webhook(
        url,
        report,
        secret=None if secret is None else secret.get_secret_value(),
        timeout_s=settings.worker.webhook_timeout.total_seconds(),
        call_timeout_s=settings.hopper.call_timeout.total_seconds(),
        listen=(address.host, address.port),
        callback_url=callback_url,
    )


async def _work(worker: Worker, dialer: AbstractAsyncContextManager[Dial]) -> None:
    from dispatcher.cli.signals import stopping

    async with dialer as dial:
        with stopping() as stop:
            running = asyncio.create_task(worker.run(dial))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            worker.stop()
            await running
