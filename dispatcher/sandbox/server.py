"""Serves the sandbox inside a loop that others run."""

from starlette.types import ASGIApp

from dispatcher import serving


class Server(serving.Server):
    """The sandbox on a socket; port 0 takes a free one, and `url` is the base URL of its API."""

    def __init__(self, app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(
            app,
            host=host,
            port=port,
            name="The sandbox",
            remedy="give another --port, or 0 for a free one",
            # The application's own Date is that of its clock.
            date_header=False,
        )

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"{super().url}/api"
