"""Who may ask for what, before any route is looked at.

1. On a loopback address the `Host` must be one of this machine's names: another one is that of a foreign page whose
   name was made to lead here (DNS rebinding).
2. Whatever changes something needs the bearer token. So no foreign page can do it with a reader's browser, which
   sends that token to nobody by itself.
3. Off loopback everything needs it, apart from the two probes. For reading, a browser may give the token as the
   password of Basic authentication.
"""

import base64
import binascii
import secrets
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dispatcher.settings import Bind
from dispatcher.web.problems import problem

PROBES = frozenset({"/livez", "/readyz"})

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Guard:
    """Lets a request through, or answers why not."""

    def __init__(self, app: ASGIApp, token: str | None, bind: Bind) -> None:
        self._app = app
        self._token = token.encode() if token is not None else None
        self._loopback = bind.loopback
        self._names = _OWN_NAMES | {_name(str(bind))}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        headers = Headers(scope=scope)
        answer = self._foreign(headers) or self._unauthorized(scope["method"], scope["path"], headers)
        await (answer or self._app)(scope, receive, send)

    def _foreign(self, headers: Headers) -> Response | None:
        if not self._loopback or _name(headers.get("Host", "")) in self._names:
            return None
        names = ", ".join(sorted(self._names))
        return problem(HTTPStatus.MISDIRECTED_REQUEST, f"this dispatcher is reached as {names} only")

    def _unauthorized(self, method: str, path: str, headers: Headers) -> Response | None:
        reading = method in _READING
        if reading and (self._loopback or path in PROBES):
            return None
        if self._token is None:
            return problem(HTTPStatus.FORBIDDEN, "nothing can be changed over HTTP until http.token is set")
        scheme, _, given = headers.get("Authorization", "").partition(" ")
        # Headers are bytes that Starlette reads as latin-1; a token of other letters is compared as it was sent.
        word = given.strip().encode("latin-1")
        if reading and scheme.lower() == "basic":
            word = _password(word)
        elif scheme.lower() != "bearer":
            word = b""
        if secrets.compare_digest(word, self._token):
            return None
        challenge = 'Bearer realm="dispatcher"' + (', Basic realm="dispatcher", charset="UTF-8"' if reading else "")
        return problem(
            HTTPStatus.UNAUTHORIZED,
            "the token of http.token is needed: send it as `Authorization: Bearer …`",
            {"WWW-Authenticate": challenge},
        )


def _name(host: str) -> str:
    """Return the host of a `Host` header without its port; a tunnel may have another one."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()


def _password(word: bytes) -> bytes:
    try:
        return base64.b64decode(word, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""
