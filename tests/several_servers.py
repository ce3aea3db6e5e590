"""A Sentinel service and a cluster, out of the same binary as a single server."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import redis
from redis.crc import key_slot

from dispatcher.demo.redis_server import RedisServer
from tests.servers import Redis

SERVICE = "hopper"
SLOTS = 16384


def wait_until(condition: Callable[[], object], within_s: float = 60.0) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "the servers did not find each other in time"
        time.sleep(0.02)


class Sentinel(RedisServer):
    """One Sentinel, enough to appoint a replica by itself."""

    def __init__(self, folder: Path, primary: RedisServer, down_after_ms: int) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "sentinel.conf"
        self._file.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} {down_after_ms}\n"
            f"sentinel failover-timeout {SERVICE} 5000\n"
        )

    def command(self) -> list[str]:
        binary, *_ = super().command()
        return [binary, str(self._file), "--sentinel"]


class Watched:
    """A primary, a replica, and a Sentinel that puts the one in the place of the other."""

    def __init__(self, folder: Path, down_after_ms: int = 2500) -> None:
        self.primary = _made(folder / "primary", "--repl-diskless-sync-delay", "0")
        self.replica = _made(folder / "replica", "--replicaof", f"127.0.0.1 {self.primary.port}")
        self.sentinel = Sentinel(folder / "sentinel", self.primary, down_after_ms)
        self.url = f"redis+sentinel://127.0.0.1:{self.sentinel.port}/{SERVICE}/0"

    def start(self) -> None:
        """Start all three, and wait until they know each other."""
        for server in (self.primary, self.replica, self.sentinel):
            server.start()
        with redis.Redis(port=self.sentinel.port, decode_responses=True) as client:
            wait_until(lambda: len(client.sentinel_slaves(SERVICE)) == 1)
        with redis.Redis(port=self.replica.port, decode_responses=True) as client:
            wait_until(lambda: client.info("replication")["master_link_status"] == "up")

    def make_stale(self) -> None:
        """Let the replica hear nothing of its primary from now on."""
        with redis.Redis(port=self.replica.port) as client:
            client.config_set("masterauth", "a password that the primary does not know")
        with redis.Redis(port=self.primary.port) as client:
            client.client_kill_filter(_type="replica")

    def swap(self) -> None:
        """Start the old primary again behind the replica that has taken its place, and wait until both are known."""
        self.primary, self.replica = self.replica, self.primary
        self.replica.follow(self.primary)
        with redis.Redis(port=self.sentinel.port, decode_responses=True) as client:
            # What failed a moment ago may be tried again at once.
            client.sentinel_set(SERVICE, "failover-timeout", 1000)
            wait_until(lambda: not client.sentinel_slaves(SERVICE)[0]["is_sdown"])
        with redis.Redis(port=self.replica.port, decode_responses=True) as client:
            wait_until(lambda: client.info("replication")["master_link_status"] == "up")

    def promoted(self) -> bool:
        """Tell whether the replica is the primary now."""
        with redis.Redis(port=self.replica.port, decode_responses=True) as client:
            return str(client.info("replication")["role"]) == "master"

    def kill(self) -> None:
        """End all three."""
        for server in (self.sentinel, self.primary, self.replica):
            server.kill()


class Cluster:
    """Three primaries, each with a third of the slots; one that is away keeps the others from nothing."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [
            _made(
                folder / f"node-{number}",
                *_clustered(folder),
            )
            for number in range(3)
        ]
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])

    def start(self) -> None:
        """Start all nodes, share the slots out, and wait until they agree on that."""
        for node in self.nodes:
            node.start()
        size = SLOTS // len(self.nodes) + 1
        clients = [redis.Redis(port=node.port, decode_responses=True) for node in self.nodes]
        for number, client in enumerate(clients):
            last = min((number + 1) * size, SLOTS) - 1
            client.cluster("ADDSLOTSRANGE", number * size, last)
            client.cluster("SET-CONFIG-EPOCH", number + 1)
        for node in self.nodes[1:]:
            bus = node.command()[node.command().index("--cluster-port") + 1]
            clients[0].cluster("MEET", "127.0.0.1", node.port, bus)
        for client in clients:
            wait_until(lambda client=client: len(client.cluster("SLOTS")) == len(self.nodes))  # type: ignore[misc]
            wait_until(lambda client=client: client.cluster("INFO")["cluster_state"] == "ok")  # type: ignore[misc]
            client.close()

    def revive(self, node: Redis) -> None:
        """Start a node again, and wait until it takes part."""
        node.start()
        with redis.Redis(port=node.port, decode_responses=True) as client:
            wait_until(lambda: client.cluster("INFO")["cluster_state"] == "ok")

    def replica_of(self, node: Redis) -> Redis:
        """Add a replica to a node, and wait until it has everything."""
        made = _made(node.folder.parent / "replica", *_clustered(node.folder))
        self.nodes.append(made)
        made.start()
        bus = made.command()[made.command().index("--cluster-port") + 1]
        with (
            redis.Redis(port=node.port, decode_responses=True) as primary,
            redis.Redis(port=made.port, decode_responses=True) as replica,
        ):
            primary.cluster("MEET", "127.0.0.1", made.port, bus)
            name = str(primary.cluster("MYID"))
            wait_until(
                lambda: name in str(replica.cluster("NODES")) and "handshake" not in str(replica.cluster("NODES"))
            )
            replica.cluster("REPLICATE", name)
            wait_until(lambda: replica.info("replication").get("master_link_status") == "up")
            wait_until(lambda: len(primary.cluster("SLOTS")) and str(made.port) in str(primary.cluster("NODES")))
        return made

    def move(self, phone: str, source: Redis, target: Redis, key_by_key: Callable[[], object]) -> None:
        """Move the slot of a phone to another node in the classic way; `key_by_key` is called after each key."""
        slot = key_slot(phone.encode())
        clients = {node: redis.Redis(port=node.port, decode_responses=True) for node in self.nodes[:3]}
        ids = {node: str(client.cluster("MYID")) for node, client in clients.items()}
        clients[target].cluster("SETSLOT", slot, "IMPORTING", ids[source])
        clients[source].cluster("SETSLOT", slot, "MIGRATING", ids[target])
        while keys := clients[source].cluster("GETKEYSINSLOT", slot, 1):
            clients[source].migrate("127.0.0.1", target.port, keys, 0, 5000)
            key_by_key()
        for node in (target, source, *self.nodes[:3]):
            clients[node].cluster("SETSLOT", slot, "NODE", ids[target])
        for client in clients.values():
            client.close()

    def node_of(self, key: str) -> Redis:
        """Return the node that holds a key, or the queue of a phone."""
        return self.nodes[key_slot(key.encode()) // (SLOTS // len(self.nodes) + 1)]

    def kill(self) -> None:
        """End all nodes."""
        for node in self.nodes:
            node.kill()


def _clustered(folder: Path) -> tuple[str, ...]:
    return (
        *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "4000"),
        *("--cluster-require-full-coverage", "no", "--cluster-port", str(RedisServer(folder).port)),
    )


def _made(folder: Path, *options: str) -> Redis:
    folder.mkdir(parents=True, exist_ok=True)
    return Redis(folder, *options)


T = TypeVar("T", Watched, Cluster)


@contextmanager
def running(servers: T) -> Iterator[T]:
    """Start servers that know each other, and kill them at the end."""
    try:
        servers.start()
        yield servers
    finally:
        servers.kill()
