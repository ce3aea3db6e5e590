"""The platform's certificate is verified, by the usual authorities or by those of `api.ca_file`."""

import shutil
import ssl
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.errors import ConfigurationError, TransientError
from tests.integration.api.raw import answer, listening, saying

OPENSSL = shutil.which("openssl")


def certify(folder: Path, address: str) -> Path:
    """Make a certificate that is its own authority; return the file, with the key beside it."""
    if OPENSSL is None:
        pytest.skip("openssl, which makes the certificate, is not there")
    made, key = folder / "certificate.pem", folder / "key.pem"
    extensions = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,digitalSignature,keyCertSign")
    subprocess.run(
        [
            *(OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=platform", "-keyout", str(key), "-out", str(made)),
            *(part for one in (f"subjectAltName=IP:{address}", *extensions) for part in ("-addext", one)),
        ],
        check=True,
        capture_output=True,
    )
    return made


async def me(certificate: Path, ca_file: Path | None) -> object:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    async with listening(saying(answer(b'{"user": "me"}')), tls) as raw:
        url = f"https://127.0.0.1:{raw.port}/api"
        platform = Platform(url, "a-token", timedelta(seconds=20), Clock(), ca_file=ca_file)
        try:
            return await platform.me()
        except TransientError:
            # Whoever is not trusted is not told the token.
            assert raw.heads == []
            raise
        finally:
            await platform.close()


@pytest.mark.usefixtures("at_once")
async def test_a_certificate_of_nobody_known_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match=r"CERTIFICATE_VERIFY_FAILED.*; api\.ca_file names other authorities"):
        await me(certify(tmp_path, "127.0.0.1"), None)


async def test_a_certificate_of_ones_own_authority_is_accepted(tmp_path: Path) -> None:
    certificate = certify(tmp_path, "127.0.0.1")
    assert await me(certificate, certificate) == {"user": "me"}


@pytest.mark.usefixtures("at_once")
async def test_a_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    certificate = certify(tmp_path, "127.0.0.2")
    with pytest.raises(TransientError, match="CERTIFICATE_VERIFY_FAILED"):
        await me(certificate, certificate)


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\0\xff"])
def test_a_file_without_certificates_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"api\.ca_file: no certificates can be read from .*authorities\.pem"):
        Platform("https://platform.invalid/api", "a-token", timedelta(seconds=1), Clock(), ca_file=file)
    with pytest.raises(ConfigurationError, match=r"api\.ca_file"):
        Platform("https://platform.invalid/api", "a-token", timedelta(seconds=1), Clock(), ca_file=tmp_path)


def test_authorities_of_the_environment_that_are_not_there_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
        Platform("https://platform.invalid/api", "a-token", timedelta(seconds=1), Clock())
