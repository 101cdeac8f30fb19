"""Acks per second of the op log, and how long an ack takes, by how many append at once.

    python benchmarks/commit.py [--seconds 2] [--data DIR] [--mode sqlite memory] [--ops 1 16]

Each appender sends its next ops when it has the receipts of the last ones, as a client does that waits
for its acks. The place matters: what is measured is mostly how fast the disk syncs.
"""

import argparse
import statistics
import tempfile
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import trio

from whiteboard.ids import BoardId, ClientId, OpId
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import NewOp, OpLog, Storage
from whiteboard.storage.sqlite import open_sqlite

BODY = (
    b'{"type":"append","id":"s1","from":40,"points":[[512.5,384.25,0.5],[514,386,0.6]],"by":"c-9f2",'
    b'"clock":{"c-9f2":4},"seen":17,"lamport":35,"at":1700000000000,"opId":"c-9f2:4"}'
)
APPENDERS = (1, 10, 100, 1_000)
BOARDS = 20


async def appender(log: OpLog, number: int, batch: int, latencies_ms: list[float]) -> None:
    """Append until cancelled."""
    client = ClientId(f"client-{number}")
    board = BoardId(f"board-{number % BOARDS}")
    counter = 0
    while True:
        new = [
            NewOp(OpId(client, counter + n), 1_700_000_000_000, counter, BODY) for n in range(1, batch + 1)
        ]
        counter += batch
        begin = trio.current_time()
        await log.append(board, new, epoch="e", claims={client: b"k" * 32})
        latencies_ms.append((trio.current_time() - begin) * 1_000)


async def measure(storage: Storage, appenders: int, batch: int, seconds: float) -> str:
    """One line of the table."""
    latencies_ms: list[float] = []
    begin = trio.current_time()
    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            for number in range(appenders):
                nursery.start_soon(appender, storage.op_log, number, batch, latencies_ms)
    took = trio.current_time() - begin
    cuts = statistics.quantiles(latencies_ms, n=100)
    rate = len(latencies_ms) * batch / took
    return f"{appenders:>9} {batch:>5} {rate:>12,.0f} {cuts[49]:>9.2f} {cuts[98]:>9.2f} {max(latencies_ms):>9.2f}"


def opened(mode: str, directory: Path) -> AbstractAsyncContextManager[Storage]:
    """A storage of that mode."""
    return open_sqlite(directory) if mode == "sqlite" else open_memory()


async def run(arguments: argparse.Namespace) -> None:
    """Print a table for each mode."""
    for mode in arguments.mode:
        print(f"\n{mode}\nappenders   ops       acks/s    p50 ms    p99 ms    max ms")
        for batch in arguments.ops:
            for appenders in APPENDERS:
                with tempfile.TemporaryDirectory(dir=arguments.data) as place:
                    async with opened(mode, Path(place)) as storage:
                        print(await measure(storage, appenders, batch, arguments.seconds), flush=True)


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="per line (default: 2)")
    parser.add_argument(
        "--data", type=Path, help="directory on the disk to measure (default: temporary files)"
    )
    parser.add_argument("--mode", nargs="+", choices=["sqlite", "memory"], default=["sqlite", "memory"])
    parser.add_argument(
        "--ops", nargs="+", type=int, default=[1, 16], help="ops in one append (default: 1 16)"
    )
    trio.run(run, parser.parse_args())


if __name__ == "__main__":
    main()
