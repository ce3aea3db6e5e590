import base64
from dataclasses import replace

import httpx
import pytest

from dispatcher.errors import ConfigurationError
from dispatcher.web.server import server

from .conftest import BEARER, TOKEN, Daemon, Serve, raw

CHANGES = [
    *("/api/pause", "/api/resume", "/api/sync", "/api/campaigns/camp-1/pause", "/api/phones/phone-1/resume"),
    *("/api/jobs/release", "/api/jobs/close", "/api/jobs/a0/release", "/api/jobs/a0/close"),
    *("/api/dead/retry", "/api/dead/drop", "/api/dead/1/retry", "/api/dead/1/drop"),
    "/api/reports/retry",
]
PRIVATE = ["/", "/fragment", "/metrics", "/api/status", "/api/jobs", "/static/page.css", "/nowhere"]


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"any:{password}".encode()).decode()}


@pytest.mark.parametrize("path", CHANGES)
async def test_a_change_needs_the_token(client: httpx.AsyncClient, daemon: Daemon, path: str) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Token {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer \xff".encode("latin-1")},
    ):
        answer = await client.post(path, json={"reason": "x"}, headers=headers)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["status"]) == (401, 401)
        assert answer.headers["www-authenticate"] == 'Bearer realm="dispatcher"'
    assert daemon.brakes().everything is None


async def test_a_browsers_own_credentials_change_nothing(client: httpx.AsyncClient, daemon: Daemon) -> None:
    answer = await client.post("/api/pause", json={"reason": "x"}, headers=basic(TOKEN))
    assert (answer.status_code, daemon.brakes().everything) == (401, None)


async def test_without_a_token_nothing_can_be_changed(serve: Serve, daemon: Daemon) -> None:
    async with serve(token=None) as client:
        for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer None"}):
            answer = await client.post("/api/pause", json={"reason": "x"}, headers=headers)
            assert answer.status_code == 403
            assert "http.token" in answer.json()["detail"]
        assert (await client.get("/api/status")).status_code == 200
    assert daemon.brakes().everything is None


@pytest.mark.parametrize("path", PRIVATE)
async def test_off_loopback_everything_needs_the_token(serve: Serve, path: str) -> None:
    async with serve(host="0.0.0.0") as client:  # noqa: S104 (that is what is tested)
        answer = await client.get(path)
        assert answer.status_code == 401
        assert "Basic" in answer.headers["www-authenticate"]
        assert (await client.get(path, headers=BEARER)).status_code != 401
        assert (await client.get(path, headers=basic(TOKEN))).status_code != 401
        for wrong in (basic("wrong"), {"Authorization": "Basic %%%"}, {"Authorization": "Basic"}):
            assert (await client.get(path, headers=wrong)).status_code == 401


async def test_off_loopback_the_probes_need_no_token_and_any_host_will_do(serve: Serve) -> None:
    async with serve(host="0.0.0.0") as client:  # noqa: S104 (that is what is tested)
        for path in ("/livez", "/readyz"):
            assert (await client.get(path, headers={"Host": "10.1.2.3:8080"})).status_code == 200


async def test_off_loopback_without_a_token_nothing_is_shown(serve: Serve) -> None:
    async with serve(host="0.0.0.0", token=None) as client:  # noqa: S104 (that is what is tested)
        assert (await client.get("/api/status")).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.", ""])
async def test_on_loopback_a_foreign_name_is_refused(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/api/status", headers={"Host": host})
    assert (answer.status_code, answer.headers["content-type"]) == (421, "application/problem+json")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9090", "127.0.0.1:1", "[::1]", "[::1]:8080"])
async def test_on_loopback_every_name_of_this_machine_will_do(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/api/status", headers={"Host": host})).status_code == 200


async def test_on_loopback_the_configured_address_will_do(serve: Serve) -> None:
    async with serve(host="127.0.0.2") as found:
        answer = await raw(
            f"http://127.0.0.2:{found.base_url.port}", "GET /livez HTTP/1.1\nHost: 127.0.0.2\nConnection: close\n\n"
        )
    assert answer.startswith("HTTP/1.1 200")


async def test_every_answer_keeps_a_browser_from_doing_more(client: httpx.AsyncClient) -> None:
    for path in ("/", "/api/status", "/nowhere", "/api/pause"):
        headers = (await client.get(path)).headers
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


async def test_an_address_that_is_taken_is_named(serve: Serve, daemon: Daemon) -> None:
    async with serve() as client:
        taken = client.base_url.port
        deps = daemon.deps()
        again = server(replace(deps, bind=deps.bind._replace(port=taken)))
        with pytest.raises(ConfigurationError, match=rf"127.0.0.1:{taken}.*http.bind"):
            await again.start()
