"""Live progress on standard error: a table that redraws itself on a terminal, a line now and then elsewhere."""

import asyncio
import sys
from datetime import timedelta

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dispatcher.daemon.daemon import Daemon
from dispatcher.mirror import campaigns, history
from dispatcher.model.attempt import LIVE, State

_REDRAW_S = 0.5
_LINE_EVERY_S = 5.0


class Progress:
    """What is going on, for whoever looks."""

    def __init__(self, daemon: Daemon, page: str, for_: timedelta | None) -> None:
        self._daemon = daemon
        self._page = page
        self._for = for_
        self._since = daemon.clock.monotonic()
        self.ending = False

    async def show(self) -> None:
        """Show progress until cancelled."""
        console = Console(stderr=True)
        console.print(f"The page is at {self._page}", highlight=False)
        if not sys.stderr.isatty():
            while True:
                await asyncio.sleep(_LINE_EVERY_S)
                console.print(self._line(*await self._figures()), highlight=False, soft_wrap=True)
        with Live(console=console, refresh_per_second=4, transient=True) as live:
            while True:
                live.update(self._drawn(*await self._figures()))
                await asyncio.sleep(_REDRAW_S)

    async def _figures(self) -> tuple[dict[State, int], dict[str, int], dict[str, int]]:
        database = self._daemon.context.database
        return (
            await database.read(history.counts),
            await database.read(history.outcomes),
            await database.read(campaigns.counts),
        )

    def _clock(self) -> str:
        seconds = self._daemon.clock.monotonic() - self._since
        until = f" of {self._for.total_seconds():.0f}" if self._for else ""
        return f"{seconds:.0f}{until} s" + (", waiting for the last calls to end" if self.ending else "")

    def _line(self, counted: dict[State, int], outcomes: dict[str, int], mirrored: dict[str, int]) -> str:
        live = sum(counted[state] for state in LIVE)
        return (
            f"{self._clock()}: {mirrored['campaigns']} campaigns, {len(self._daemon.context.book.open)} open;"
            f" {live} calls in flight, {sum(outcomes.values())} finished, {counted[State.UNCERTAIN]} uncertain"
        )

    def _drawn(self, counted: dict[State, int], outcomes: dict[str, int], mirrored: dict[str, int]) -> Group:
        book = self._daemon.context.book
        table = Table(show_header=False, box=None, pad_edge=False)
        table.add_column(style="bold")
        table.add_column(justify="right")
        table.add_column(style="dim")
        table.add_row(
            "campaigns", str(mirrored["campaigns"]), f"{len(book.open)} open now, {mirrored['orders']} orders"
        )
        table.add_row("ready", str(counted[State.QUEUED]), "in the hopper, for any dialer to take")
        table.add_row("in flight", str(counted[State.DIALING]), "being placed by simulated dialers")
        table.add_row(
            "finished", str(sum(outcomes.values())), ", ".join(f"{k} {v}" for k, v in sorted(outcomes.items()))
        )
        table.add_row("uncertain", str(counted[State.UNCERTAIN]), "held, never dialled again by themselves")
        return Group(
            Text(f"dispatcher demo  {self._clock()}", style="bold cyan"), Text(self._page, style="underline"), table
        )
