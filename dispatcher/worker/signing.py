"""Signatures of the requests between the webhook bridge and a dialer.

The bridge signs its posts by the convention of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), for which
there are libraries in every language: HMAC-SHA256 over `id.timestamp.body`, in base64, under three headers. The id is
the job, the same for every try at a call, so that a dialer can tell a repeat.

The address for the outcome is signed too: whoever holds it may report that one call, and nobody else. It says all that
is needed to report it, so that a bridge that was started anew still takes it, as long as the secret is the same.
"""

import binascii
import hmac
from base64 import b64decode, b64encode, urlsafe_b64encode
from datetime import datetime

import orjson

from dispatcher.errors import ConfigurationError

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for, base64 of 24 to 64 bytes; ConfigurationError for any other."""
    try:
        key = b64decode(secret.strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ConfigurationError(
            "worker.webhook_secret must be whsec_ and base64 of 24 to 64 random bytes,"
            ' such as `echo "whsec_$(openssl rand -base64 32)"` prints.'
        )
    return key


def headers(key: bytes | None, job: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the headers of a post of `body`; without a key they are not signed."""
    stamp = str(int(at.timestamp()))
    found = {"webhook-id": job, "webhook-timestamp": stamp}
    if key is not None:
        signed = hmac.digest(key, f"{job}.{stamp}.".encode() + body, "sha256")
        found["webhook-signature"] = f"v1,{b64encode(signed).decode()}"
    return found


def token(key: bytes, phone: str, job: str, entry: str) -> str:
    """Return what proves that this bridge gave out the address for a call's outcome."""
    # A key of its own: what signs an address must never sign a body, nor the other way round.
    of_addresses = hmac.digest(key, b"address for an outcome", "sha256")
    return urlsafe_b64encode(hmac.digest(of_addresses, orjson.dumps([phone, job, entry]), "sha256")).decode()


def proves(given: str, key: bytes, phone: str, job: str, entry: str) -> bool:
    """Tell whether a token is that of this call, in a time that tells nothing of the right one."""
    return hmac.compare_digest(given.encode(), token(key, phone, job, entry).encode())
