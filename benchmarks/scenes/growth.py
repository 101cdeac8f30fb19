"""How a cost grows: points of a curve, the exponent that fits them, and their picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from benchmarks.scenes.sections import Panel, Plot, Table

_FITTED_SPAN: Final = 0.5
"""Part of the (logarithmic) range that is fitted: its upper end, where constant costs no longer hide the growth."""


@dataclass(frozen=True, slots=True)
class Point:
    """Costs at one size."""

    x: float
    cpu_us: float
    """Server CPU for each op."""
    p50_ms: float
    p99_ms: float
    """From op sent to op seen."""
    mib: float
    """Resident memory beyond a fresh server's."""
    done: float
    """Ops that were acked in a second."""
    late_ms: float
    """By how much the load missed its own schedule, p99: when that is much, it was the bottleneck."""
    faults: int


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """The k of `y = c * x**k` by least squares over the upper half of the range; nan with fewer than two points there."""
    usable = [(log(x), log(y)) for x, y in points if x > 0 and y > 0]
    if not usable:
        return float("nan")
    low, high = min(x for x, _ in usable), max(x for x, _ in usable)
    upper = [(x, y) for x, y in usable if x >= low + (high - low) * _FITTED_SPAN]
    mean_x = sum(x for x, _ in upper) / len(upper)
    mean_y = sum(y for _, y in upper) / len(upper)
    spread = sum((x - mean_x) ** 2 for x, _ in upper)
    return sum((x - mean_x) * (y - mean_y) for x, y in upper) / spread if spread else float("nan")


@dataclass(frozen=True, slots=True)
class Curve:
    """One quantity varied, all else held."""

    name: str
    """Of the picture's file."""
    title: str
    x_label: str
    held: str
    """What was the same at all points."""
    lines: dict[str, list[Point]]
    """Mode -> points."""
    asks_throughput: bool = False
    """Whether it is worth telling how many ops were acked in a second."""

    @property
    def table(self) -> Table:
        """All points; the column of a line that has its mode only where several are compared."""
        several, asked = len(self.lines) > 1, self.asks_throughput
        titles = [
            self.x_label,
            *(["mode"] if several else []),
            *(["acked/s", "load late p99 ms"] if asked else []),
        ]
        titles += ["CPU µs an op", "p50 ms", "p99 ms", "memory MiB", "faults"]
        rows = []
        for mode, points in self.lines.items():
            for one in points:
                row = [
                    f"{one.x:,.0f}",
                    *([mode] if several else []),
                    *([f"{one.done:,.0f}", f"{one.late_ms:.1f}"] if asked else []),
                ]
                row += [f"{one.cpu_us:,.0f}", f"{one.p50_ms:,.2f}", f"{one.p99_ms:,.1f}", f"{one.mib:,.1f}"]
                rows.append([*row, str(one.faults or "none")])
        return Table(titles, rows)

    @property
    def growth(self) -> str:
        """The exponents, as a sentence."""
        several = len(self.lines) > 1
        told: list[str] = []
        for mode, points in self.lines.items():
            cpu, p99, mib = (
                exponent([(one.x, getattr(one, cost)) for one in points])
                for cost in ("cpu_us", "p99_ms", "mib")
            )
            told.append(
                f"{f'{mode}: ' if several else ''}CPU an op grows as x^{cpu:.2f}, p99 as x^{p99:.2f}, memory as x^{mib:.2f}"
            )
        return f"*{self.title}*: {self.held}. In the upper half of the range {'; '.join(told)}."

    @property
    def plot(self) -> Plot:
        """Its picture."""
        latency = {
            f"{mode} {label}".strip(): [(one.x, getattr(one, cost)) for one in points]
            for mode, points in self._labelled().items()
            for label, cost in (("p99", "p99_ms"), ("p50", "p50_ms"))
        }
        panels = [
            Panel("server CPU, µs an op", self._line("cpu_us")),
            Panel("op sent to op seen, ms", latency, dotted="p50"),
            Panel("memory beyond a fresh server, MiB", self._line("mib")),
        ]
        if self.asks_throughput:
            panels[2] = Panel("ops acked in a second", self._line("done"))
        return Plot(self.name, self.title, self.x_label, panels)

    def _labelled(self) -> dict[str, list[Point]]:
        return self.lines if len(self.lines) > 1 else {"": next(iter(self.lines.values()))}

    def _line(self, cost: str) -> dict[str, list[tuple[float, float]]]:
        return {
            mode: [(one.x, getattr(one, cost)) for one in points] for mode, points in self._labelled().items()
        }
