"""One request to the platform: deadlines, a limit on what is read, and every fault as one of ours.

Of httpx the transport alone is used: its client looks at each request for redirects to follow, cookies to keep and
proxies to take, and half as long again is what that takes. The token is a header of the requests and of nothing else:
no redirect is followed, and no sentence made here quotes what the platform sent back, which may be the request itself;
of a redirect only where it points, and that without the token.
"""

import asyncio
import ssl
import sys
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import unquote, urlencode
from urllib.request import getproxies, proxy_bypass

import httpx
import msgspec

from dispatcher import __version__
from dispatcher.api.body import LARGEST_BODY, BodyTooLongError, read_whole
from dispatcher.clock import Clock
from dispatcher.errors import ConfigurationError, NotFoundError, PermanentError, TransientError

T = TypeVar("T")

_LONGEST_CONNECT_S = 5.0
_LONGEST_SHOWN = 200
_NO_BODY = httpx.ByteStream(b"")
_SOMEWHERE = "somewhere else"


class RefusedError(PermanentError):
    """The platform does not take the request as it is (400, 422)."""


class RetryableError(TransientError):
    """A fault that a repeat may mend; `wait_s` is what the platform asked for, in seconds, if it did."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Mark:
    """What an answer is known again by: a digest of its bytes, and the header that asks whether they have changed.

    The digest is the language's own, of 64 bits: fewer than one in ten billion billions of changed answers have that
    of the one before. To make a longer one, the thread would let go of the interpreter at each page, and wait until
    the one that writes gives it back.
    """

    digest: int
    header: str | None
    value: str | None


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What the platform answered, and its mark."""

    content: T
    mark: Mark


class Transport:
    """A connection to the platform, kept alive.

    TLS is verified, with the authorities in `ca_file` if one is given; a proxy is taken from the environment.
    """

    def __init__(self, base_url: str, token: str, timeout: timedelta, clock: Clock, ca_file: Path | None) -> None:
        self.base_url = base_url
        self._clock = clock
        self._timeout_s = timeout.total_seconds()
        self._token = token
        authorities = _authorities(ca_file)
        _spare_searches()
        self._base = base_url.rstrip("/") + "/"
        # For an answer as a whole there is a deadline of our own: httpx's begin anew with each byte that trickles in.
        self._extensions = {"timeout": {"connect": min(self._timeout_s, _LONGEST_CONNECT_S)}}
        try:
            url = httpx.URL(self._base)
            self._headers = httpx.Headers(
                {
                    "Host": url.netloc.decode(),
                    "Authorization": f"Bearer {token}",
                    "Accept": "application/json",
                    "Accept-Encoding": "gzip",
                    "User-Agent": f"callcamp-dispatcher/{__version__}",
                }
            )
            self._http = httpx.AsyncHTTPTransport(verify=authorities, proxy=_proxy(url))
        except (ValueError, ImportError, httpx.InvalidURL) as fault:
            # Not quoted: a proxy's address may hold a password.
            raise ConfigurationError(
                "the environment names a proxy that cannot be used: set HTTP_PROXY, HTTPS_PROXY or ALL_PROXY to a URL"
                " of the scheme http or https, or unset it"
            ) from fault
        self.skew: timedelta | None = None  # the platform's clock minus the host's, by its last Date header

    async def get(
        self, path: str, parameters: dict[str, str | int], read: Callable[[bytes], T], known: Mark | None = None
    ) -> Answer[T] | None:
        """Return what `read` makes of what stands at a path; None if that is what bore the mark `known`.

        RetryableError, TransientError, PermanentError or NotFoundError otherwise.
        """
        headers = {known.header: known.value} if known and known.header and known.value else {}
        response, body = await self._exchange("GET", path, f"?{urlencode(parameters)}" if parameters else "", headers)
        if body is None:
            return None
        mark = _mark(response, body)
        if known is not None and mark.digest == known.digest:
            return None
        try:
            return Answer(read(body), mark)
        except msgspec.ValidationError as fault:
            # It names places and types, and nothing of what stands there.
            raise TransientError(
                f"{self.base_url}/{path} answered something else than is documented: {fault}"
            ) from fault
        except ValueError as fault:
            raise RetryableError(f"{self.base_url}/{path} answered something that is not JSON") from fault

    async def patch(self, path: str, changes: Mapping[str, str]) -> None:
        """Change fields of what stands at a path, whatever is answered to it; faults are those of `get`."""
        await self._exchange("PATCH", path, "", {}, json=changes)

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _exchange(
        self, method: str, path: str, query: str, headers: Mapping[str, str], json: Any = None
    ) -> tuple[httpx.Response, bytes | None]:
        """Return a good answer and its body; None for that if it was asked for on a condition and has not changed.

        The condition is what stands in `headers`, beside those that every request has.
        """
        try:
            request = httpx.Request(
                method,
                f"{self._base}{path}{query}",
                headers={**self._headers, **headers} if headers else self._headers,
                json=json,
                # Given a stream, httpx does not look for one, nor for what headers it would have.
                stream=_NO_BODY if json is None else None,
                extensions=self._extensions,
            )
            async with asyncio.timeout(self._timeout_s):
                response = await self._http.handle_async_request(request)
                try:
                    self._note_date(response)
                    if headers and response.status_code == httpx.codes.NOT_MODIFIED:
                        return response, None
                    self._refuse(response, path)
                    return response, await self._body(response, path)
                finally:
                    await response.aclose()
        except (httpx.TimeoutException, TimeoutError) as fault:
            raise RetryableError(f"the platform at {self.base_url} did not answer in time (api.timeout)") from fault
        except httpx.HTTPError as fault:
            raise RetryableError(f"the platform at {self.base_url} cannot be reached: {_why(fault)}") from fault

    async def _body(self, response: httpx.Response, path: str) -> bytes:
        try:
            return await read_whole(response.aiter_raw(), response.headers.get("content-encoding", ""))
        except BodyTooLongError as fault:
            raise TransientError(
                f"{self.base_url}/{path} answered more than {LARGEST_BODY // 2**20} MiB; it was not read further"
            ) from fault
        except ValueError as fault:
            raise RetryableError(f"{self.base_url}/{path} answered something that cannot be unpacked") from fault

    def _note_date(self, response: httpx.Response) -> None:
        try:
            told = parsedate_to_datetime(response.headers["date"])
        except (KeyError, ValueError, OverflowError):
            return
        if told.tzinfo is None:
            return  # `-0000` says that the zone is not known
        # The header has whole seconds and was written at some time before now; half a second is the middle.
        self.skew = told + timedelta(seconds=0.5) - self._clock.now()

    def _refuse(self, response: httpx.Response, path: str) -> None:
        """Raise what an answer that is no success means."""
        status = response.status_code
        if response.is_success:
            return
        if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise PermanentError(
                f"the platform refuses the token of api.token ({status} at {path}): make a new one in the studio,"
                " with leave to read campaigns, phones and orders"
            )
        if status == httpx.codes.NOT_FOUND:
            raise NotFoundError(f"{self.base_url}/{path} does not exist (404): check api.base_url")
        if response.is_redirect:
            raise PermanentError(
                f"{self.base_url} redirects to {self._target(response)}: set api.base_url to where the API is"
            )
        if status == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
            wait = _retry_after(response.headers.get("retry-after", ""), self._clock.now())
            raise RetryableError(f"the platform answers {status} at {path}", wait)
        if status in {httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY}:
            raise RefusedError(f"the platform answers {status} at {path}")
        raise PermanentError(f"the platform answers {status} at {path}")

    def _target(self, response: httpx.Response) -> str:
        """Return where a redirect points, without what of it may be the request's own."""
        try:
            url = httpx.URL(self._base).join(response.headers["location"])
            shown = str(url.copy_with(userinfo=b"", query=None, fragment=None))
        except (KeyError, httpx.InvalidURL):
            return _SOMEWHERE
        echoes = self._token.casefold() in unquote(shown).casefold()
        return _SOMEWHERE if echoes or len(shown) > _LONGEST_SHOWN or not shown.isprintable() else shown


def _why(fault: httpx.HTTPError) -> str:
    """Return what went wrong in this host's words: of what is not HTTP, the fault itself quotes what was received."""
    if isinstance(fault, httpx.ConnectError):
        why = str(fault) or type(fault).__name__
        return f"{why}; api.ca_file names other authorities to trust" if "CERTIFICATE_VERIFY_FAILED" in why else why
    if isinstance(fault, httpx.ProxyError):
        return "the proxy that the environment names does not let the request through"
    return "the connection broke off, or what came over it is not HTTP"


def _authorities(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context() if ca_file is None else ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as fault:
        named = f"api.ca_file: no certificates can be read from {ca_file}"
        usual = "SSL_CERT_FILE or SSL_CERT_DIR of the environment: no certificates can be read from there"
        raise ConfigurationError(f"{usual if ca_file is None else named} ({fault})") from fault


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    """Return the proxy that the environment names for an address; None if it names none, or says to pass it by."""
    named = getproxies()
    passes_all = "*" in {entry.strip() for entry in named.get("no", "").split(",")}
    # An address of IPv6 stands in brackets in one of these and not in the other.
    if passes_all or proxy_bypass(url.netloc.decode()) or proxy_bypass(url.host):
        return None
    address = named.get(url.scheme) or named.get("all")
    return None if not address else httpx.Proxy(address if "://" in address else f"http://{address}")


def _spare_searches() -> None:
    """Let httpcore know once and for all that a package is not there which it can do without.

    It tries to import it a dozen times in each request, and each time all of the path is searched, which takes a
    quarter of the request's time.
    """
    if find_spec("sniffio") is None:
        known: MutableMapping[str, Any] = sys.modules
        known.setdefault("sniffio", None)  # what the language has for a module that cannot be imported


def _mark(response: httpx.Response, body: bytes) -> Mark:
    digest = hash(body)
    for told, asks in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")):
        # Only what a header may be sent as.
        if (value := response.headers.get(told)) and value.isascii() and value.isprintable():
            return Mark(digest, asks, value)
    return Mark(digest, None, None)


def _retry_after(value: str, now: datetime) -> float | None:
    """Return the wait in seconds that `Retry-After` asks for, in either of its forms."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(seconds, 0.0) if isfinite(seconds) else None
