"""A hundred small rooms at once: little fan-out, many ops in, nothing that batching in one room helps."""

from collections.abc import Sequence
from typing import Final

from benchmarks.generator.hall import Hall
from benchmarks.generator.plans import Plan
from benchmarks.peers.peer import Peer
from benchmarks.workloads.workload import Column, Round, Workload, remarks_on

ROOMS: Final = 100
CLIENTS: Final = 4
OPS_EACH: Final = 60.0
"""A second."""
SECONDS: Final = 3.0
QUICK_ROOMS: Final = 5
QUICK_SECONDS: Final = 0.5


class Rooms(Workload):
    """Many rooms at a fixed load."""

    name = "rooms"
    title = f"{ROOMS} rooms of {CLIENTS}, {OPS_EACH:g} ops/s each, one probe in each room"
    columns = (
        Column("p50", "p50 ms", 2),
        Column("p99", "p99 ms", 1, is_compared=True),
        Column("cpu", "CPU s per M", 2, is_compared=True),
        Column("part", "of the load delivered", 2),
        Column("load", "generator CPU", 2),
    )

    def measure(self, peer: Peer, earlier: Sequence[Round], *, quick: bool) -> Round:  # noqa: ARG002  fixed load
        rooms, seconds = (QUICK_ROOMS, QUICK_SECONDS) if quick else (ROOMS, SECONDS)
        with peer.serve() as server, Hall.seated(peer, server, rooms, CLIENTS, probes=1) as hall:
            played = hall.play(Plan.at_rate(hall, rooms * CLIENTS * OPS_EACH, seconds, seed=1, warm_up=0.75))
        figures = {
            "p50": played.p50_ms,
            "p99": played.p99_ms,
            "cpu": played.cpu_per_million,
            "part": played.deliveries_per_second / played.planned_per_second,
            "load": played.load_share,
        }
        return Round(figures, remarks_on(played))
