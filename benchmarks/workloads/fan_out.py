"""One room, everybody draws: the rate rises until the peer no longer holds it, then goes beyond.

A load is held when p99 is at most HELD_P99_MS, no op is lost and nothing is left over at the end. Steps
double until one is not held; then the step between is tried, until two neighbours are STEP apart.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

from benchmarks.generator.hall import SETTLE_SECONDS, Hall, Played
from benchmarks.generator.plans import Plan
from benchmarks.peers.peer import Peer
from benchmarks.workloads.workload import Column, Round, Workload, starved_remarks

HELD_P99_MS: Final = 250.0
LEFT_OVER_SECONDS: Final = 0.12
"""What may still be under way when the last op has been sent. A tenth too much grows to that in a step."""
FIRST_DELIVERIES: Final = 25_000
"""A second, to begin with: the slowest peer holds them."""
MOST_OPS: Final = 60_000
"""A second: more than the generator can send."""
KEPT_UP: Final = 0.9
LATE_MS: Final = 50.0
LEAST_OPS: Final = 5.0
"""A second: what does not hold that is not worth a search."""
STEP: Final = 1.15
AROUND: Final = 1.25
"""How far around an earlier round's result a later one looks."""
STEP_SECONDS: Final = 1.25
QUICK_STEP_SECONDS: Final = 0.3
QUICK_STEPS: Final = 2


class Step(NamedTuple):
    """A rate and what came of it."""

    ops_per_second: float
    played: Played

    @property
    def is_held(self) -> bool:
        """Whether the peer kept up."""
        played = self.played
        is_whole = not played.lost and not played.faults
        return is_whole and played.p99_ms <= HELD_P99_MS and played.drained_in <= LEFT_OVER_SECONDS

    @property
    def is_generators_limit(self) -> bool:
        """Whether not even the generator kept up, so that more of it says nothing of the peer."""
        played = self.played
        return played.deliveries_per_second < KEPT_UP * played.planned_per_second and played.late_ms > LATE_MS


class Stage:
    """A server with a full room; a fresh one when the last load broke something or is not over."""

    def __init__(self, peer: Peer, clients: int, seconds: float, stack: ExitStack) -> None:
        self._peer = peer
        self._clients = clients
        self._seconds = seconds
        self._stack = stack
        self._hall: Hall | None = None
        self._seed = 0

    def step(self, ops_per_second: float, settle_seconds: float = SETTLE_SECONDS) -> Step:
        """Play so many ops a second; what is not there so long afterwards is lost."""
        self._seed += 1
        hall = self._hall or self._open()
        plan = Plan.at_rate(hall, ops_per_second, self._seconds, self._seed)
        step = Step(ops_per_second, hall.play(plan, settle_seconds))
        if step.played.lost or step.played.faults:
            self.close()
        return step

    def _open(self) -> Hall:
        server = self._stack.enter_context(self._peer.serve())
        self._hall = self._stack.enter_context(Hall.seated(self._peer, server, 1, self._clients))
        return self._hall

    def close(self) -> None:
        """End the server; the next step has another."""
        self._stack.close()
        self._hall = None


@contextmanager
def staged(peer: Peer, clients: int, seconds: float) -> Iterator[Stage]:
    """A stage for this peer."""
    with ExitStack() as stack:
        yield Stage(peer, clients, seconds, stack)


def climb(stage: Stage, clients: int, near: float | None, *, quick: bool) -> tuple[Step, Step | None]:
    """The highest step held and the lowest one not held, which is both when none was.

    Args:
        stage: where.
        clients: in the room.
        near: ops a second that an earlier round held.
        quick: stop after QUICK_STEPS.
    """
    low: Step | None = None
    high: Step | None = None
    rate: float | None = near or FIRST_DELIVERIES / (clients - 1)
    factor = AROUND if near else 2.0
    steps = 0
    while rate is not None and not (quick and steps == QUICK_STEPS):
        step = stage.step(rate) if quick else _tried(stage, rate)
        low, high = (step, high) if step.is_held else (low, step)
        rate = _next_rate(low, high, factor)
        steps += 1
    best = low or high
    assert best is not None  # at least one step was made
    return best, high


def _tried(stage: Stage, rate: float) -> Step:
    """Once more when it was not held while others had one of the cores."""
    step = stage.step(rate)
    return step if step.is_held or not starved_remarks(step.played) else stage.step(rate)


def _next_rate(low: Step | None, high: Step | None, factor: float) -> float | None:
    """Between the two; while one is missing, further where it must be. None when it is found or not to be found."""
    if low is None:
        assert high is not None
        rate = high.ops_per_second / factor
        return rate if rate > LEAST_OPS else None
    if high is None:
        is_end = low.ops_per_second >= MOST_OPS or low.is_generators_limit
        return None if is_end else min(low.ops_per_second * factor, MOST_OPS)
    if high.ops_per_second / low.ops_per_second <= STEP:
        return None
    return float((low.ops_per_second * high.ops_per_second) ** 0.5)


class FanOut(Workload):
    """A room of so many."""

    columns = (
        Column("deliveries", "deliveries/s held", is_compared=True),
        Column("cpu", "CPU s per M", 2, is_compared=True),
        Column("p50", "p50 ms", 1),
        Column("p99", "p99 ms", 1),
        Column("beyond", "at 1.5 x", 2),
        Column("far", "at 3 x", 2),
        Column("load", "generator CPU", 2),
    )

    def __init__(self, clients: int) -> None:
        self._clients = clients
        self.name = f"fan-out-{clients}"
        self.title = (
            f"One room of {clients}, everybody draws: the highest load held with p99 under {HELD_P99_MS:g} ms, "
            "then deliveries at 1.5 and 3 times that load, as parts of those held"
        )

    def measure(self, peer: Peer, earlier: Sequence[Round], *, quick: bool) -> Round:
        near = earlier[0].figures.get("ops") if earlier else None
        seconds = QUICK_STEP_SECONDS if quick else STEP_SECONDS
        with staged(peer, self._clients, seconds) as stage:
            held, broken = climb(stage, self._clients, near, quick=quick)
            beyond = _go_beyond(stage, held) if held.is_held else {}
        figures = {
            "ops": held.ops_per_second,
            "deliveries": held.played.deliveries_per_second,
            "cpu": held.played.cpu_per_million,
            "p50": held.played.p50_ms,
            "p99": held.played.p99_ms,
            "load": held.played.load_share,
        }
        remarks = _remarks(held, broken)
        for (key, factor), played in beyond.items():
            figures[key] = played.deliveries_per_second / held.played.deliveries_per_second
            remarks += [f"at {factor:g} x: {fault}" for fault in played.faults]
            if played.is_load_bound:
                remarks.append(f"generator-bound at {factor:g} x")
        return Round(figures, remarks)


def _go_beyond(stage: Stage, held: Step) -> dict[tuple[str, float], Played]:
    """What becomes of more than it holds, by column and factor. The last load need not be worked off."""
    return {
        ("beyond", 1.5): stage.step(held.ops_per_second * 1.5).played,
        ("far", 3.0): stage.step(held.ops_per_second * 3.0, settle_seconds=0.0).played,
    }


def _remarks(held: Step, broken: Step | None) -> list[str]:
    played = held.played
    remarks = []
    if not held.is_held:
        faults = [*played.faults] or [f"p99 {played.p99_ms:,.0f} ms, {played.lost} lost"]
        remarks.append(f"holds not even {played.planned_per_second:,.0f}: {', '.join(faults)}")
    if broken is None and not held.is_generators_limit:
        remarks.append("not driven to its limit")
    elif broken is None or broken.played.is_load_bound:
        remarks.append("generator-bound: may hold more")
    elif broken.played.faults:
        remarks.append(f"above: {', '.join(broken.played.faults)}")
    return remarks + starved_remarks(played)
