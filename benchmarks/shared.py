"""Several servers on one Redis: how long until people at all of them see an op; then the log itself, under writers.

    python -m benchmarks.shared [--quick] [--runs 3] [--seconds 5] [--ops 1000000]

A `redis-server` of the benchmark's own syncs every write to disk (`appendfsync always`). In the first part half
of a board's people are at each of two servers, and everybody draws: half of what is seen has crossed.
In the second, four processes append to one board at once, in groups as a server does; then the whole log
is read back: every seq once, none missing, every op once.
"""

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import trio

from benchmarks.latency import TITLES, Figures, Scenario, figures, row
from benchmarks.load import seated
from benchmarks.quiet import least_starved
from benchmarks.serving import Server, take_load_core
from benchmarks.tables import table
from whiteboard.ids import BoardId, ClientId, OpId
from whiteboard.storage.ports import NewOp
from whiteboard.storage.redis import open_redis

BOARD: Final = BoardId("million")
WRITERS: Final = 4
GROUP: Final = 50
BODY: Final = b'{"type":"append","id":"s1","from":3,"points":[[10,20],[11,21],[12,22]],"lamport":1}'
START_SECONDS: Final = 10.0


@contextmanager
def redis_running() -> Iterator[str]:
    """A Redis server on a free port of loopback; its address."""
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("benchmarks.shared needs redis-server: on Debian, apt-get install redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="whiteboard-benchmark-") as folder:
        kept = ["--save", "", "--appendonly", "yes", "--appendfsync", "always", "--dir", folder]
        command = [program, "--bind", "127.0.0.1", "--port", str(port), *kept]
        with Path(folder, "redis.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait_for(port)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise SystemExit("redis-server did not start")


def measure(scenario: Scenario, seconds: float, redis: str) -> Figures:
    """Figures of one scenario on two fresh servers; CPU is that of the first one."""
    options = ["--redis-addr", redis, "--redis-prefix", f"bench-{time.time_ns()}"]
    with Server("redis", options=options) as one, Server("redis", options=options) as other:
        load = seated([one.port, other.port], ["shared"], scenario.clients)
        try:
            load.draw_at_rate(scenario.rate, 1.0)
            load.crowds[0].forget_figures()
            del load.late_ms[:]
            cpu, starved = one.cpu_seconds, one.starved_seconds
            load.draw_at_rate(scenario.rate, seconds)
            return figures(load, seconds, one.cpu_seconds - cpu, one.starved_seconds - starved)
        finally:
            load.close()


async def append(redis: str, writer: int, ops: int) -> None:
    """One writer's part of the log."""
    client = ClientId(f"w{writer}")
    async with open_redis(f"redis://{redis}/0", prefix="million") as storage:
        for first in range(1, ops + 1, GROUP):
            group = [
                NewOp(OpId(client, n), first, n, BODY) for n in range(first, min(first + GROUP, ops + 1))
            ]
            await storage.op_log.append(BOARD, group, epoch="e", claims={client: b"k" * 32})


async def check(redis: str) -> int:
    """How many ops the log has. Raises SystemExit when one is missing or there twice."""
    seen: set[OpId] = set()
    seq = 0
    async with open_redis(f"redis://{redis}/0", prefix="million") as storage:
        while found := await storage.op_log.read(BOARD, seq, 5_000):
            for op in found:
                seq += 1
                if op.seq != seq or op.op_id in seen:
                    raise SystemExit(f"op {op.seq}, {op.op_id}, stands where op {seq} should be, or twice")
                seen.add(op.op_id)
    return seq


def write_at_once(redis: str, ops: int) -> float:
    """Let all writers append their parts; the seconds that it took."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.shared", "--write", redis, str(ops // WRITERS)]
    writers = [subprocess.Popen([*command, str(number)]) for number in range(WRITERS)]
    codes = [writer.wait() for writer in writers]
    if any(codes):
        raise SystemExit("a writer failed")
    return time.perf_counter() - began


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short run, to see that it works")
    parser.add_argument("--runs", type=int, default=3, help="of each scenario (default: 3)")
    parser.add_argument("--seconds", type=float, default=5.0, help="per run (default: 5)")
    parser.add_argument(
        "--ops", type=int, default=1_000_000, help="of the writers together (default: 1000000)"
    )
    parser.add_argument("--write", nargs=3, metavar=("REDIS", "OPS", "NUMBER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        redis, ops, number = arguments.write
        trio.run(append, redis, int(number), int(ops))
        return
    runs, seconds, ops = arguments.runs, arguments.seconds, arguments.ops
    people: tuple[tuple[int, float], ...] = ((10, 20.0), (100, 2.0), (100, 10.0))
    if arguments.quick:
        runs, seconds, ops, people = 1, 0.3, 2_000, ((4, 20.0),)
    with redis_running() as redis:
        see_and_write(redis, runs, seconds, ops, people, attempts=1 if arguments.quick else 3)


def see_and_write(
    redis: str, runs: int, seconds: float, ops: int, people: tuple[tuple[int, float], ...], *, attempts: int
) -> None:
    """Both parts, and their tables."""
    rows = []
    for clients, rate in people:
        scenario = Scenario("redis × 2", clients, rate)
        once = partial(measure, scenario, seconds, redis)
        rows.append(row(scenario, [least_starved(once, attempts) for _ in range(runs)]))
    print(
        f"op sent -> seen by the others at two servers, and acked; {runs} x {seconds:g} s: median (range)\n"
    )
    print(table(TITLES, rows))
    took = write_at_once(redis, ops)
    stored = trio.run(check, redis)
    print(
        f"\n{WRITERS} writers, groups of {GROUP}: {stored:,} ops stored in {took:.1f} s, {stored / took:,.0f} a second;"
    )
    print("read back: no gap, no twin")


if __name__ == "__main__":
    take_load_core()
    main()
