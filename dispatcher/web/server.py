"""The web on its socket."""

from dispatcher.serving import Server
from dispatcher.web.app import create_app
from dispatcher.web.deps import Deps


def server(deps: Deps) -> Server:
    """Return the server of the web, to be started in the daemon's loop; port 0 takes a free one."""
    host, port = deps.bind
    return Server(
        create_app(deps), host=host, port=port, name="The dispatcher", remedy="set http.bind to another address"
    )
