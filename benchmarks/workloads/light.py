"""Ten people who draw at leisure: how long an op takes to the others."""

from collections.abc import Sequence
from typing import Final

from benchmarks.generator.hall import Hall
from benchmarks.generator.plans import Plan
from benchmarks.peers.peer import Peer
from benchmarks.workloads.workload import Column, Round, Workload, remarks_on

CLIENTS: Final = 10
OPS_EACH: Final = 20.0
"""A second."""
SECONDS: Final = 4.0
QUICK_SECONDS: Final = 0.5


class Light(Workload):
    """Latency at a fixed light load."""

    name = "light"
    title = f"{CLIENTS} clients, {OPS_EACH:g} ops/s each: from an op's send to its being at the others"
    columns = (
        Column("p50", "p50 ms", 2, is_compared=True),
        Column("p99", "p99 ms", 2, is_compared=True),
        Column("max", "max ms", 1),
        Column("cpu", "server CPU us per op", 0, is_compared=True),
    )

    def measure(self, peer: Peer, earlier: Sequence[Round], *, quick: bool) -> Round:  # noqa: ARG002  fixed load
        seconds = QUICK_SECONDS if quick else SECONDS
        with peer.serve() as server, Hall.seated(peer, server, 1, CLIENTS, probes=CLIENTS) as hall:
            rate = CLIENTS * OPS_EACH
            played = hall.play(Plan.at_rate(hall, rate, seconds, seed=1, warm_up=1.0))
        figures = {
            "p50": played.p50_ms,
            "p99": played.p99_ms,
            "max": max(played.latencies, default=float("nan")) * 1_000,
            "cpu": played.server_cpu / played.seconds / rate * 1e6,
        }
        return Round(figures, remarks_on(played))
