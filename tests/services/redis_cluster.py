"""A real Redis Cluster: primaries, each a process of its own on free ports of loopback, and replicas on demand."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from services.ports import free_port
from services.redis_process import POLL_SECONDS, START_SECONDS, RedisProcess, redis_running

SLOTS = 16384
NODE_TIMEOUT_MS = 1000
"""After this a node that does not answer counts as failed; its replica then takes over."""
MOVE_KEYS = 100
"""At a time, when a slot moves."""


class RedisCluster:
    """Primaries with all slots shared out evenly, in order; and who replicates which of them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._numbers = count()
        self.nodes: list[RedisProcess] = []

    @property
    def primaries(self) -> list[RedisProcess]:
        """Those that the cluster began with."""
        return self.nodes[:3]

    @property
    def url(self) -> str:
        """What a client opens: any node will do."""
        return self.nodes[0].url

    @property
    def address(self) -> str:
        """`HOST:PORT,HOST:PORT`, as `--redis-addr` takes it."""
        return ",".join(node.address for node in self.nodes)

    def begin(self) -> None:
        """Start three primaries and return when they serve all slots."""
        for _ in range(3):
            self._add()
        share = -(-SLOTS // 3)
        for number, node in enumerate(self.nodes):
            last = min((number + 1) * share, SLOTS) - 1
            node.order("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node.order("CLUSTER", "ADDSLOTSRANGE", number * share, last)
            if number:
                self._meet(node)
        for node in self.nodes:
            eventually(partial(_is_whole, node, 3))

    def add_replica(self, primary: RedisProcess) -> RedisProcess:
        """One more node, which has what the primary has when this returns."""
        node = self._add()
        self._meet(node)
        name = primary.order("CLUSTER", "MYID").decode()
        eventually(lambda: name.encode() in node.order("CLUSTER", "NODES"))
        node.order("CLUSTER", "REPLICATE", name)
        eventually(lambda: b"master_link_status:up" in node.order("INFO", "replication"))
        eventually(lambda: node.address.encode() in self._slots_text(primary))
        return node

    def wait_level(self, primary: RedisProcess, replica: RedisProcess) -> None:
        """Return when the replica has whatever the primary has been given."""
        given = _offset(primary, b"master_repl_offset")
        eventually(lambda: _offset(replica, b"slave_repl_offset") >= given)

    def owner(self, name: str) -> RedisProcess:
        """The primary with a key's or a channel's slot, as the first node that answers has it."""
        slot = self.slot(name)
        view = next(node for node in self.nodes if node.is_alive)
        for first, last, primary, *_ in view.order("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(node for node in self.nodes if node.port == primary[1])
        raise LookupError(f"slot {slot} has no node")

    def slot(self, name: str) -> int:
        """The slot of a key or a channel."""
        slot = self.nodes[-1].order("CLUSTER", "KEYSLOT", name)
        assert isinstance(slot, int)
        return slot

    def move_slot(self, slot: int, to: RedisProcess, *, between: Callable[[], object] = lambda: None) -> None:
        """Migrate a slot with all its keys, as `redis-cli --cluster reshard` does; `between` runs half-way through."""
        source = next(one for one in self.primaries if one.is_alive and _has(one, slot))
        target, origin = to.order("CLUSTER", "MYID").decode(), source.order("CLUSTER", "MYID").decode()
        to.order("CLUSTER", "SETSLOT", slot, "IMPORTING", origin)
        source.order("CLUSTER", "SETSLOT", slot, "MIGRATING", target)
        first = source.order("CLUSTER", "GETKEYSINSLOT", slot, 2)
        _migrate(source, to, first)
        between()
        while keys := source.order("CLUSTER", "GETKEYSINSLOT", slot, MOVE_KEYS):
            _migrate(source, to, keys)
        to.order("CLUSTER", "SETSLOT", slot, "NODE", target)
        source.order("CLUSTER", "SETSLOT", slot, "NODE", target)

    def _add(self) -> RedisProcess:
        folder = self._folder / f"node-{next(self._numbers)}"
        folder.mkdir()
        options = {
            "cluster-enabled": "yes",
            "cluster-port": free_port(),
            "cluster-node-timeout": NODE_TIMEOUT_MS,
            "cluster-require-full-coverage": "no",
            "cluster-replica-validity-factor": 0,
            "repl-diskless-sync-delay": 0,
            "repl-ping-replica-period": 1,
        }
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        node = self._stack.enter_context(redis_running(folder, *words))
        self.nodes.append(node)
        return node

    def _meet(self, node: RedisProcess) -> None:
        old = self.nodes[0]
        bus_port = old.order("CONFIG", "GET", "cluster-port")[1].decode()
        node.order("CLUSTER", "MEET", "127.0.0.1", old.port, bus_port)

    def _slots_text(self, node: RedisProcess) -> bytes:
        return repr(
            [(b"%s:%d" % (one[0], one[1])) for entry in node.order("CLUSTER", "SLOTS") for one in entry[2:]]
        ).encode()


def _is_whole(node: RedisProcess, size: int) -> bool:
    info = node.order("CLUSTER", "INFO")
    return (
        b"cluster_state:ok" in info
        and b"cluster_slots_ok:16384" in info
        and b"cluster_size:%d" % size in info
    )


def _offset(node: RedisProcess, name: bytes) -> int:
    lines = node.order("INFO", "replication").splitlines()
    return next(int(line.partition(b":")[2]) for line in lines if line.startswith(name + b":"))


def _has(node: RedisProcess, slot: int) -> bool:
    mine = next(line for line in node.order("CLUSTER", "NODES").decode().splitlines() if "myself" in line)
    for part in mine.split()[8:]:
        first, _, last = part.partition("-")
        if first.isdigit() and int(first) <= slot <= int(last or first):
            return True
    return False


def _migrate(source: RedisProcess, to: RedisProcess, keys: Iterable[Any]) -> None:
    if keys := list(keys):
        source.order("MIGRATE", "127.0.0.1", to.port, "", 0, 5000, "KEYS", *keys)


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + START_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(POLL_SECONDS)


@contextmanager
def cluster_running(folder: Path) -> Iterator[RedisCluster]:
    """A cluster of three primaries for the length of the block."""
    with ExitStack() as stack:
        cluster = RedisCluster(folder, stack)
        cluster.begin()
        yield cluster
