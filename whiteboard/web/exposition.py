"""A report of figures as Prometheus reads it: its text format, or OpenMetrics for who asks for that (R55).

prometheus-client writes both formats; what is counted, and how it adds up over workers, is `diagnostics.figures`.
"""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder

Report = Mapping[str, Mapping[str, Any]]
"""As `figures.report()` gives it."""


def exposition(report: Report, accept: str) -> tuple[bytes, str]:
    """A report as bytes, and their content type, by what a request's `Accept` takes."""
    encode, content_type = choose_encoder(accept)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Report(report))
    return encode(registry), content_type


class _Report:
    """What prometheus-client calls a collector."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def collect(self) -> Iterator[Metric]:
        """Every figure of it."""
        for name, figure in self._report.items():
            yield _histogram(name, figure) if figure["kind"] == "histogram" else _family(name, figure)


def _family(name: str, figure: Mapping[str, Any]) -> Metric:
    labels = figure["label"].split(",") if figure["label"] else []
    kind = CounterMetricFamily if figure["kind"] == "counter" else GaugeMetricFamily
    family = kind(name, figure["meaning"], labels=labels)
    for value, amount in figure["values"].items():
        family.add_metric(value.split(",", maxsplit=len(labels) - 1) if labels else [], amount)
    return family


def _histogram(name: str, figure: Mapping[str, Any]) -> Metric:
    """Prometheus' bins hold all that is below their bounds, ours what is between two."""
    bounds = [*map(str, figure["bounds"]), "+Inf"]
    family = HistogramMetricFamily(name, figure["meaning"])
    family.add_metric([], list(zip(bounds, accumulate(figure["counts"]), strict=True)), figure["sum"])
    return family
