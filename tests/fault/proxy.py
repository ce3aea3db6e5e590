"""A TCP proxy that loses what was answered, swallows everything, or hangs up: before Redis or PostgreSQL.

A chunk that a client sends is taken for one command: clients wait for an answer before they send the next.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress


class Proxy:
    """Forwards everything until it is told otherwise."""

    def __init__(self, host: str, port: int, path: str | None = None) -> None:
        self._to = (host, port, path)
        self.port = 0
        self.commands = 0
        self.lost = 0
        self._lose_at: int | None = None
        self._lose_word: bytes | None = None
        self._act_at: tuple[int, Callable[[], Awaitable[None]]] | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._open: set[asyncio.StreamWriter] = set()

    def lose_reply(self, after: int = 0) -> None:
        """Let the command after so many more run, drop its reply and hang up."""
        self._lose_at = self.commands + after + 1

    def lose_reply_to(self, word: str) -> None:
        """Let the next command that holds this word run, drop its reply and hang up."""
        self._lose_word = word.encode()

    def act_before(self, action: Callable[[], Awaitable[None]], after: int = 0) -> None:
        """Have something happen just before the command after so many more is passed on."""
        self._act_at = (self.commands + after + 1, action)

    @property
    def armed(self) -> bool:
        """Tell whether something waits for its command."""
        return not (self._act_at is None and self._lose_at is None and self._lose_word is None)

    def disarm(self) -> None:
        """Let what waits for its command not happen."""
        self._act_at = self._lose_at = self._lose_word = None

    def swallow(self) -> None:
        """Keep connections open and let nothing through, either way."""
        self._flows.clear()

    def flow(self) -> None:
        """Let everything through again."""
        self._flows.set()

    def hang_up(self) -> None:
        """End every connection."""
        for writer in self._open:
            writer.close()

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        host, port, path = self._to
        try:
            server, to_server = await (
                asyncio.open_unix_connection(path) if path else asyncio.open_connection(host, port)
            )
        except OSError:
            to_client.close()
            return
        self._open |= {to_client, to_server}
        mute = asyncio.Event()
        answers = asyncio.create_task(self._answers(server, to_client, mute))
        try:
            while data := await client.read(1 << 18):
                await self._flows.wait()
                self.commands += 1
                await self._act()
                if self._loses(data):
                    self.lost += 1
                    mute.set()
                    to_server.write(data)
                    await answers
                    break
                to_server.write(data)
                await to_server.drain()
        except OSError:
            pass
        finally:
            answers.cancel()
            self._open -= {to_client, to_server}
            to_client.close()
            to_server.close()

    async def _act(self) -> None:
        if self._act_at is not None and self.commands >= self._act_at[0]:
            _, action = self._act_at
            self._act_at = None
            await action()

    def _loses(self, data: bytes) -> bool:
        if self._lose_at is not None and self.commands >= self._lose_at:
            self._lose_at = None
            return True
        if self._lose_word is not None and self._lose_word in data:
            self._lose_word = None
            return True
        return False

    async def _answers(
        self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter, mute: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await server.read(1 << 18):
                if mute.is_set():
                    return  # an answer is proof that the command has run
                await self._flows.wait()
                to_client.write(data)
                await to_client.drain()
        to_client.close()


@asynccontextmanager
async def proxied(port: int = 0, host: str = "127.0.0.1", path: str | None = None) -> AsyncIterator[Proxy]:
    """Run a proxy before a server on a port, or on a socket in the file system."""
    proxy = Proxy(host, port, path)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=1 << 18)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.flow()
        proxy.hang_up()
