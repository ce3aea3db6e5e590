"""The URLs of the API, the database and Redis: what is accepted, and how they are shown without their passwords.

A message never quotes the URL or a part of it that could be a password written in the wrong place.
"""

import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

MASK = "***"

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_SECRET_PARAMETER = re.compile(r"([?&#][^=&#]*(?:pass|secret|token|key)[^=&#]*=)[^&#]*", re.IGNORECASE)
_MASKED = rf"\g<1>{MASK}"
_HIGHEST_PORT = 65535
_SENTINEL, _CLUSTER = ("redis+sentinel", "rediss+sentinel"), ("redis+cluster", "rediss+cluster")
_REDIS_SCHEMES = ("redis", "rediss", "unix", *_SENTINEL, *_CLUSTER)


def redacted(url: str) -> str:
    """Return the URL with its password, and any parameter that names a secret, masked; for display only.

    It errs on the side of masking: what is no URL is masked whole, and a password with unescaped characters to its end.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return MASK
    user_info, at, location = rest.rpartition("@")
    if at and not rest.startswith("/"):
        user, colon, _ = user_info.partition(":")
        rest = f"{user}{colon and colon + MASK}@{location}"
    return f"{scheme}://{_SECRET_PARAMETER.sub(_MASKED, rest)}"


def _base_url(value: object) -> str:
    example = "such as https://callcamp.ai/api"
    if not isinstance(value, str) or not value.lower().startswith(("http://", "https://")) or _has_blanks(value):
        raise ValueError(f"must be an http or https URL without blanks, {example}")
    parts: SplitResult | None
    try:
        parts = urlsplit(value)
        named = parts.hostname and parts.port != 0
    except ValueError:
        parts, named = None, None
    # Raised out here because the text of the other fault quotes the URL, which may hold a password.
    if parts is None or not named:
        raise ValueError(f"must name a host and, if any, a port from 1 to {_HIGHEST_PORT}, {example}")
    if "@" in parts.netloc:
        raise ValueError("must hold no user or password: the token goes into api.token")
    if "?" in value or "#" in value:
        raise ValueError(f"must have no query and no fragment, {example}")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _database_url(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    scheme, separator, rest = url.partition("://")
    if separator and scheme == "postgres":
        raise ValueError("must begin with postgresql://, the full word, in place of postgres://")
    if separator and scheme.startswith(("postgresql+", "sqlite+")):
        raise ValueError("must not name a driver: begin it with plain postgresql:// or sqlite:///")
    if not separator or scheme not in {"sqlite", "postgresql"}:
        raise ValueError("must begin with sqlite:/// or postgresql://")
    if scheme == "sqlite":
        path = rest.removeprefix("/").partition("?")[0]
        if not rest.startswith("/") or not path or path == ":memory:":
            # What was called must outlive a restart, or people would be called again.
            raise ValueError("must name a file after three slashes, such as sqlite:///dispatcher.db")
        return secret
    hosts, _ = _server(rest)
    if hosts and not all(map(_is_host, hosts.split(","))):
        raise ValueError(
            "must name its server as host or host:port, such as postgresql://user:password@db:5432/dispatcher"
        )
    return secret


def _redis_url(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _REDIS_SCHEMES:
        *most, last = (f"{known}://" for known in _REDIS_SCHEMES)
        raise ValueError(f"must begin with {', '.join(most)} or {last}")
    hosts, path = _server(rest)
    if scheme == "unix":
        if hosts or not path:
            raise ValueError("must name an absolute path after three slashes, such as unix:///run/redis/redis.sock")
        return secret
    user_info, at, _ = rest.rpartition("@")
    if at and ":" not in user_info:
        raise ValueError("must have a colon before its password, such as redis://:PASSWORD@host:6379/0")
    several = scheme in {*_SENTINEL, *_CLUSTER}
    if not all(map(_is_host, hosts.split(","))) or ("," in hosts and not several):
        raise ValueError(
            "must name hosts as host:port,host:port after the scheme"
            if several
            else "must name one server as host or host:port, such as redis://127.0.0.1:6379/0"
        )
    _check_redis_path(scheme, path)
    return secret


def _check_redis_path(scheme: str, path: str) -> None:
    if scheme in _SENTINEL and not re.fullmatch(r"[^/]+(/[0-9]{1,5})?", path):
        raise ValueError("must end in the service's name and, if any, the database, such as /mymaster/0")
    if scheme in _CLUSTER and path not in {"", "0"}:
        raise ValueError("must name no database but 0: a cluster has no other")
    if scheme in {"redis", "rediss"} and not re.fullmatch(r"([0-9]{1,5})?", path):
        raise ValueError("must end in the number of a database, such as /0")


def _server(rest: str) -> tuple[str, str]:
    """Return the hosts and the path (without its first slash) of what follows a URL's scheme."""
    user_info, _, location = rest.rpartition("@")
    if _has_blanks(rest) or re.search(r"[/?#@\[\]]", user_info) or "#" in rest:
        raise ValueError(
            "must be without blanks, and the characters / ? # @ [ ] of its password must be percent-encoded, as in %2F"
        )
    hosts, _, path = location.partition("?")[0].partition("/")
    return hosts, path


def _is_host(text: str) -> bool:
    written = _HOST.fullmatch(text)
    return written is not None and (written[2] is None or 1 <= int(written[2]) <= _HIGHEST_PORT)


def _has_blanks(text: str) -> bool:
    return not text.isprintable() or " " in text


BaseUrl = Annotated[str, BeforeValidator(_base_url)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
