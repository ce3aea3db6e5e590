import httpx

from .conftest import Daemon


async def test_a_daemon_whose_loops_turn_is_alive(client: httpx.AsyncClient, daemon: Daemon) -> None:
    answer = await client.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})
    daemon.lives = False
    answer = await client.get("/livez")
    assert (answer.status_code, answer.json()) == (503, {"alive": False})


async def test_it_is_ready_when_each_part_is(client: httpx.AsyncClient, daemon: Daemon) -> None:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "parts": daemon.parts})
    daemon.parts["redis"] = {"ok": False, "detail": "Redis does not answer"}
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "parts": daemon.parts})


async def test_the_metrics_are_those_of_the_dispatcher(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    names = [line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE ")]
    assert "dispatcher_calls_queued_total" in names
    assert all(name.startswith("dispatcher_") for name in names)
