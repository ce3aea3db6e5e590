"""The web on its socket."""

from dispatcher.serving import Server, listen
from dispatcher.settings import Bind
from dispatcher.web.app import create_app
from dispatcher.web.deps import Deps

_NAME = "The dispatcher"
_REMEDY = "set http.bind to another address"


def server(deps: Deps) -> Server:
    """Return the server of the web, to be started in the daemon's loop; port 0 takes a free one."""
    host, port = deps.bind
    return Server(create_app(deps), host=host, port=port, name=_NAME, remedy=_REMEDY)


def try_address(bind: Bind) -> None:
    """Listen for a moment; ConfigurationError if the address cannot be had.

    For before the daemon starts: starting takes the database over from a daemon that runs on it, and one that was
    started beside it by mistake would then stop both.
    """
    host, port = bind
    listen(host, port, _NAME, _REMEDY).close()
