"""The server of this repository beside its peers, in turns on one machine, and the ratio of each figure to a `ws` relay's.

    python -m benchmarks.compare [--quick] [--peers NAME …] [--workloads NAME …] [--rounds 3]
                                 [--write docs/performance.md] [--json FILE]

Each server runs on core 0, everybody else is one process on core 1; two cores and nobody else on the machine,
please. Peers are installed on first use, pinned, into a folder outside the tree (`--help` tells which). All of
it takes about 40 minutes, `--peers whiteboard ws` ten, `--quick` two.
"""

import argparse
import json
import os
import platform
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.generator.hall import NotSeated, take_load_core
from benchmarks.generator.wire import Refused
from benchmarks.peers import PEERS, YARDSTICK, available
from benchmarks.peers.node import cache_folder
from benchmarks.peers.peer import Peer, Unavailable
from benchmarks.peers.process import LOAD_CORE, NotRunning
from benchmarks.scenes.sections import Section, write
from benchmarks.tables import spread, table
from benchmarks.workloads import WORKLOADS
from benchmarks.workloads.workload import Column, Round, Workload

PLACE: Final = "peers"
"""The name of the comparison's place in a document."""
_REASON_CHARS: Final = 200

Results = dict[str, dict[str, list[Round]]]
"""Workload -> peer -> rounds."""


def measure_all(
    workloads: Sequence[Workload], peers: Mapping[str, Peer | Unavailable], rounds: int, *, quick: bool
) -> Results:
    """All rounds of all, in turns."""
    results: Results = {workload.name: {name: [] for name in peers} for workload in workloads}
    for number in range(rounds):
        for workload in workloads:
            for name, peer in peers.items():
                so_far = results[workload.name][name]
                begin = perf_counter()
                so_far.append(measure_one(workload, peer, so_far, quick=quick))
                took = perf_counter() - begin
                print(
                    f"round {number + 1}: {workload.name}: {name}: {took:.0f} s", file=sys.stderr, flush=True
                )
    return results


def measure_one(
    workload: Workload, peer: Peer | Unavailable, earlier: Sequence[Round], *, quick: bool
) -> Round:
    """One round of one peer, or why there is none."""
    if isinstance(peer, Unavailable):
        return Round({}, [f"cannot be run here: {_short(peer)}"])
    try:
        return workload.measure(peer, earlier, quick=quick)
    except (NotRunning, NotSeated, Refused) as error:
        return Round({}, [f"failed: {_short(error)}"])


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:_REASON_CHARS]


# --- tables ---------------------------------------------------------------------------------------


def section(workload: Workload, rounds: Mapping[str, Sequence[Round]]) -> str:
    """A workload's sentence and table."""
    titles = ["peer"]
    for column in workload.columns:
        titles += [column.title, f"x {YARDSTICK}"] if column.is_compared else [column.title]
    rows = [row(workload, name, rounds) for name in rounds]
    return f"**{workload.title}**\n\n{table([*titles, 'remarks'], rows)}"


def row(workload: Workload, name: str, rounds: Mapping[str, Sequence[Round]]) -> list[str]:
    """A peer's line: medians with their range over the rounds."""
    own = rounds[name]
    yardstick = rounds.get(YARDSTICK, [Round({})] * len(own))
    cells = [name]
    for column in workload.columns:
        cells.append(_spread([one.figures.get(column.key) for one in own], column.digits))
        if column.is_compared:
            cells.append(_spread(_ratios(column, own, yardstick), 2))
    remarks = dict.fromkeys(remark for one in own for remark in one.remarks)
    return [*cells, "; ".join(remarks).replace("|", "/")]


def _ratios(column: Column, own: Sequence[Round], yardstick: Sequence[Round]) -> list[float | None]:
    pairs = zip(own, yardstick, strict=True)
    values = [(mine.figures.get(column.key), theirs.figures.get(column.key)) for mine, theirs in pairs]
    return [mine / theirs if mine is not None and theirs else None for mine, theirs in values]


def _spread(values: Sequence[float | None], digits: int) -> str:
    known = [value for value in values if value is not None]
    return spread(known, digits) if known else "-"


def caption(peers: Mapping[str, Peer | Unavailable], rounds: int, *, quick: bool) -> str:
    """When, where and with what."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    ready = [peer for peer in peers.values() if isinstance(peer, Peer)]
    versions = "; ".join(dict.fromkeys(peer.versions for peer in ready if peer.versions))
    kept = ", ".join(f"{peer.name}: {peer.durability}" for peer in ready)
    kind = (
        "One quick pass, which says nothing about speed"
        if quick
        else f"{rounds} rounds in turns, median (range)"
    )
    return (
        f"{kind}. Taken {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores ({model}), {platform.system()} "
        f"{platform.release()}. {versions}.\n\n"
        f"What an op has survived when others see it: {kept}."
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def as_json(results: Results) -> str:
    """All figures of all rounds."""
    raw = {
        workload: {
            name: [{"figures": dict(one.figures), "remarks": list(one.remarks)} for one in rounds]
            for name, rounds in by_peer.items()
        }
        for workload, by_peer in results.items()
    }
    return json.dumps(raw, indent=1)


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"peers are installed into {cache_folder()}, or $WHITEBOARD_PEERS",
    )
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it works")
    parser.add_argument(
        "--peers", nargs="+", choices=PEERS, default=list(PEERS), metavar="NAME", help=", ".join(PEERS)
    )
    parser.add_argument(
        "--workloads",
        nargs="+",
        choices=WORKLOADS,
        default=list(WORKLOADS),
        metavar="NAME",
        help=", ".join(WORKLOADS),
    )
    parser.add_argument("--rounds", type=int, default=3, help="of each (default: 3)")
    parser.add_argument("--write", type=Path, help="a document to put the tables into, between its marks")
    parser.add_argument("--json", type=Path, help="a file for all figures of all rounds")
    arguments = parser.parse_args()
    rounds = 1 if arguments.quick else arguments.rounds
    peers = available(arguments.peers)
    workloads = [WORKLOADS[name] for name in arguments.workloads]
    take_load_core(LOAD_CORE)
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit("terminated")
    )  # so that the server at work ends with us
    results = measure_all(workloads, peers, rounds, quick=arguments.quick)
    tables = [section(workload, results[workload.name]) for workload in workloads]
    told = Section(PLACE, caption(peers, rounds, quick=arguments.quick), [], tables)
    print(told.markdown())
    if arguments.write:
        write(arguments.write, told)
    if arguments.json:
        arguments.json.write_text(as_json(results))


if __name__ == "__main__":
    main()
