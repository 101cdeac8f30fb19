"""Figures that the process keeps of itself: counters, gauges and histograms, by the names that `/metrics` shows.

Whoever counts declares its figure at the module's level and changes plain numbers; who shows reads all of them here, as
values that add up over several processes. Nothing counts what somebody counts already: such a figure is *read*, when it is
asked for. Labels have few values, and are never a board or a person (R55): what is kept is as much as is declared.
Of a figure with several labels both their names and their values are written with commas between.
"""

import operator
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeVar

from whiteboard.diagnostics import logs

log = logs.get_logger()

_PREFIXES: Final = ("whiteboard_", "process_")
_MOST_VALUES: Final = 64
"""Of a label."""
_OTHER: Final = "other"
Read = Callable[[], float | Mapping[str, float]]
"""A number, or one for each value of the label."""


Together = Literal["sum", "least", "most"]
_TOGETHER: Final[Mapping[str, Callable[[float, float], float]]] = {
    "sum": operator.add,
    "least": min,
    "most": max,
}


class Counter:
    """Only grows: `name` ends with `_total`."""

    kind: Final = "counter"

    def __init__(
        self, name: str, meaning: str, label: str = "", read: Read | None = None, values: Iterable[str] = ()
    ) -> None:
        """A counter; of each value of `label` where it has one, and read instead of counted where `read` is given.

        Args: `values` of the label that are shown from the start, with 0: who asks by how much one has grown would miss the
            first of all else.
        """
        self.name, self.meaning, self.label = name, meaning, label
        self._read = read
        self._values: dict[str, float] = dict.fromkeys(values, 0.0)
        self._labels = 1 + label.count(",")

    def add(self, amount: float = 1, value: str = "") -> None:
        """Count; for one value of the label. Those beyond 64 count as `other`."""
        try:
            self._values[value] += amount
        except KeyError:
            known = value if len(self._values) < _MOST_VALUES else ",".join([_OTHER] * self._labels)
            self._values[known] = self._values.get(known, 0) + amount

    def values(self) -> dict[str, float]:
        """By the label's value; by "" where it has no label."""
        if self._read is None:
            return dict(self._values) if self.label else {"": self._values.get("", 0)}
        return _by_value(self._read())


class Gauge:
    """Goes up and down; always read."""

    kind: Final = "gauge"

    def __init__(
        self, name: str, meaning: str, read: Read, label: str = "", together: Together = "sum"
    ) -> None:
        """A gauge. Args: `together` says what several processes have of it."""
        self.name, self.meaning, self.label, self.together = name, meaning, label, together
        self._read = read

    def values(self) -> dict[str, float]:
        """As `Counter.values`."""
        return _by_value(self._read())


class Histogram:
    """How often something took how much."""

    kind: Final = "histogram"
    label: Final = ""

    def __init__(self, name: str, meaning: str, bounds: Sequence[float]) -> None:
        """A histogram.

        Args: `bounds` are upper bounds of its bins, in base units and growing; above the last is one more bin.
        """
        self.name, self.meaning, self.bounds = name, meaning, tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.sum = 0.0
        self.largest = 0.0

    def note(self, amount: float) -> None:
        """It took so much once."""
        self.counts[bisect_left(self.bounds, amount)] += 1
        self.sum += amount
        if amount > self.largest:  # noqa: PLR1730 - max() costs as much as all else here
            self.largest = amount

    def quantile(self, share: float) -> float:
        """An upper bound of what `share` of all took at most; 0 when there was none."""
        wanted, seen = share * sum(self.counts), 0
        for bound, count in zip(self.bounds, self.counts, strict=False):
            seen += count
            if seen >= wanted:
                return min(bound, self.largest)
        return self.largest


Figure = Counter | Gauge | Histogram
Declared = TypeVar("Declared", Counter, Gauge, Histogram)


class Figures:
    """Figures by name."""

    def __init__(self) -> None:
        self._figures: dict[str, Figure] = {}

    def declare(self, figure: Declared) -> Declared:
        """Have it shown. One that is declared again takes the place of the first: what it reads may have been made anew.

        Raises ValueError for a name that begins with neither `whiteboard_` nor `process_`.
        """
        if not figure.name.startswith(_PREFIXES):
            raise ValueError(f"figure {figure.name!r} begins with none of {', '.join(_PREFIXES)}")
        self._figures[figure.name] = figure
        return figure

    def __iter__(self) -> Iterator[Figure]:
        """All of them, in the order of their names."""
        return iter([self._figures[name] for name in sorted(self._figures)])

    def report(self) -> dict[str, Any]:
        """Plain values for JSON: `{name: {"kind", "meaning", "label", "values"}}`, of gauges with `together` as well.

        Of histograms it is `{"kind", "meaning", "bounds", "counts", "sum", "largest"}`. A figure whose reading fails is left out
        and logged: it is not to cost all others, on the day on which they are wanted.
        """
        report = {}
        for figure in self:
            try:
                report[figure.name] = _told(figure)
            except Exception:
                log.exception("figure_failed", figure=figure.name)
        return report


FIGURES: Final = Figures()
"""Those of this process."""


def report() -> dict[str, Any]:
    """What FIGURES has now."""
    return FIGURES.report()


def together(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One report for several processes: everything adds up, but for what was largest, and gauges that say otherwise."""
    sums: dict[str, Any] = {}
    for told in reports:
        for name, figure in told.items():
            sums[name] = _sum(sums[name], figure) if name in sums else dict(figure)
    return sums


def _sum(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    if one["kind"] == Histogram.kind:
        return {
            **one,
            "counts": [few + more for few, more in zip(one["counts"], other["counts"], strict=True)],
            "sum": one["sum"] + other["sum"],
            "largest": max(one["largest"], other["largest"]),
        }
    add = _TOGETHER[one.get("together", "sum")]
    values = dict(one["values"])
    for value, amount in other["values"].items():
        values[value] = add(values[value], amount) if value in values else amount
    return {**one, "values": values}


def _told(figure: Figure) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": figure.kind, "meaning": figure.meaning}
    if isinstance(figure, Histogram):
        return {
            **told,
            "bounds": list(figure.bounds),
            "counts": list(figure.counts),
            "sum": figure.sum,
            "largest": figure.largest,
        }
    if isinstance(figure, Gauge):
        told["together"] = figure.together
    return {**told, "label": figure.label, "values": figure.values()}


def _by_value(read: float | Mapping[str, float]) -> dict[str, float]:
    return dict(read) if isinstance(read, Mapping) else {"": read}
