"""`dispatcher sandbox`: a stand-in for the platform."""

from __future__ import annotations

import asyncio
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.options import Common, Taught, reporting

if TYPE_CHECKING:
    from dispatcher.cli.tables import Page
    from dispatcher.sandbox.store import Store

_TOKEN = "sandbox-token"  # noqa: S105 (it guards made-up data, and is printed)


@click.command(
    cls=Taught, examples=["dispatcher sandbox", "dispatcher sandbox --port 0 --campaigns 200 --orders 20000"]
)
@click.option("--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="0 takes any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--token", default=_TOKEN, show_default=True, help="The bearer token that it wants.")
@click.option("--campaigns", type=click.IntRange(0, 100_000), default=20, show_default=True, help="Generate so many.")
@click.option("--orders", type=click.IntRange(0, 1_000_000), default=2000, show_default=True, help="Generate so many.")
@click.option("--empty", is_flag=True, help="Generate nothing, and leave out the reference's own examples too.")
@reporting
@click.pass_obj
def sandbox(given: Common, port: int, host: str, token: str, campaigns: int, orders: int, empty: bool) -> None:
    """Serve a stand-in for the Call Camp API, to try things against.

    It serves until SIGTERM or Ctrl-C. It holds the API reference's own examples, and campaigns around the world of
    which some are open at any hour. What you change in it is kept in memory and gone when it stops. Nobody is ever
    called.
    """
    from dispatcher import log
    from dispatcher.sandbox.store import Store

    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise click.UsageError("--token must be printable ASCII without blanks.")
    log.configure("warning")
    store = Store()
    if not empty:
        _fill(store, campaigns, orders)
    asyncio.run(_serve(given, store, host, port, token))


def _fill(store: Store, campaigns: int, orders: int) -> None:
    from dispatcher.sandbox.examples import add_examples
    from dispatcher.sandbox.seed import seed

    add_examples(store)
    if campaigns:
        seed(store, campaigns=campaigns, orders=orders, now=datetime.now(UTC))


async def _serve(given: Common, store: Store, host: str, port: int, token: str) -> None:
    from dispatcher.cli.signals import stopping
    from dispatcher.clock import Clock
    from dispatcher.sandbox.app import create_app
    from dispatcher.sandbox.server import Server

    async with Server(create_app(store, token, Clock()), host=host, port=port) as server:
        orders = sum(len(held) for held in store.orders.values())
        things: dict[str, Any] = {"campaigns": len(store.campaigns), "phones": len(store.phones), "orders": orders}
        given.show({"base_url": server.url, "token": token} | things, _page)
        sys.stdout.flush()
        with stopping() as stop:
            await stop.wait()


def _page(page: Page, document: dict[str, Any]) -> None:
    page.good(f"The sandbox answers at {document['base_url']}")
    page.line(f"{document['campaigns']} campaigns, {document['phones']} phones, {document['orders']} orders.")
    page.line()
    page.advice("For your dispatcher.toml:")
    page.line(f'[api]\nbase_url = "{document["base_url"]}"\ntoken = "{document["token"]}"')
    page.line()
    page.advice("Ctrl-C stops it.")
