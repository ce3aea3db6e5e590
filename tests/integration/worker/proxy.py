"""A TCP proxy before Redis that breaks chosen commands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Proxy:
    """Forwards everything, but for commands that were chosen to be broken; a broken command ends its connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self.url = ""
        self.broken = 0
        self._lost_replies: list[bytes] = []
        self._lost_requests: list[bytes] = []
        self._writers: set[asyncio.StreamWriter] = set()

    def lose_reply(self, word: str, times: int = 1) -> None:
        """Let the next commands that hold this word run, and drop their replies."""
        self._lost_replies += [word.encode()] * times

    def lose_request(self, word: str, times: int = 1) -> None:
        """Drop the next commands that hold this word before they run."""
        self._lost_requests += [word.encode()] * times

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self._host, self._port)
        self._writers |= {to_client, to_server}
        try:
            answers = asyncio.create_task(self._pass_on(server, to_client))
            while data := await client.read(65536):
                if self._drops(self._lost_requests, data):
                    break
                lost = self._drops(self._lost_replies, data)
                if lost:
                    answers.cancel()
                    await asyncio.wait({answers})
                to_server.write(data)
                if lost:
                    # The reply is proof that the command has run.
                    await server.read(1)
                    break
            answers.cancel()
        except ConnectionError:
            pass
        finally:
            to_client.close()
            to_server.close()

    def _drops(self, words: list[bytes], data: bytes) -> bool:
        for word in words:
            if word in data:
                words.remove(word)
                self.broken += 1
                return True
        return False

    @staticmethod
    async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    def close_all(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    """Run a proxy before the server at `url`."""
    proxy = Proxy(url)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    try:
        yield proxy
    finally:
        server.close()
        proxy.close_all()
        await server.wait_closed()
