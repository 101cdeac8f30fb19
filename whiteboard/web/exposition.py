"""Reports of figures as Prometheus reads them: its text format, or OpenMetrics for who asks for that (R55).

prometheus-client writes both formats; what is counted is `diagnostics.figures`. Of several workers each has its own samples, with
its number as the label `worker`: a sum would go back when one of them begins anew or does not answer, and Prometheus would
take that for a counter that began at nothing, and all that is left of the sum for news.
"""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any, Final

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics

Report = Mapping[str, Mapping[str, Any]]
"""As `figures.report()` gives it."""
Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
_OPENMETRICS: Final = "application/openmetrics-text"
_OPENMETRICS_TYPE: Final = f"{_OPENMETRICS}; version=1.0.0; charset=utf-8"
_TEXT: Final = "text/plain"
_TEXT_TYPE: Final = f"{_TEXT}; version=0.0.4; charset=utf-8"


def exposition(reports: Mapping[str, Report], accept: str) -> tuple[bytes, str]:
    """Reports as bytes, and their content type, by what a request's `Accept` takes (RFC 9110 section 12.5.1).

    Args: `reports` are by the number of the worker; by "" where there is one process.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Reports(reports))
    if _prefers_openmetrics(accept):
        text: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]  # it has no types
        return text, _OPENMETRICS_TYPE
    return generate_latest(registry), _TEXT_TYPE


def _prefers_openmetrics(accept: str) -> bool:
    """What is neither is answered with text: a person looks, or somebody who takes what comes."""
    liked: dict[str, float] = {}
    for one in accept.lower().split(","):
        media, *parameters = (part.strip() for part in one.split(";"))
        liked[media] = max(liked.get(media, 0.0), _quality(parameters))
    quality = liked.get(_OPENMETRICS, 0.0)
    return quality > 0 and quality >= liked.get(_TEXT, 0.0)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


class _Reports:
    """What prometheus-client calls a collector."""

    def __init__(self, reports: Mapping[str, Report]) -> None:
        self._reports = reports

    def collect(self) -> Iterator[Metric]:
        """Every figure of them: one family for each name, with samples of each worker."""
        families: dict[str, Family] = {}
        for worker, report in self._reports.items():
            own = {"worker": worker} if worker else {}
            for name, figure in report.items():
                if name not in families:
                    families[name] = _family(name, figure, list(own))
                _add(families[name], figure, list(own.values()))
        yield from families.values()


def _family(name: str, figure: Mapping[str, Any], labels: list[str]) -> Family:
    if figure["kind"] == "histogram":
        return HistogramMetricFamily(name, figure["meaning"], labels=labels)
    kind = CounterMetricFamily if figure["kind"] == "counter" else GaugeMetricFamily
    return kind(name, figure["meaning"], labels=[*labels, *_labels(figure)])


def _add(family: Family, figure: Mapping[str, Any], own: list[str]) -> None:
    """Prometheus' bins hold all that is below their bounds, ours what is between two."""
    if isinstance(family, HistogramMetricFamily):
        bounds = [*(str(float(bound)) for bound in figure["bounds"]), "+Inf"]
        bins = list(zip(bounds, accumulate(figure["counts"]), strict=True))
        family.add_metric(own, bins, figure["sum"])
        return
    labels = _labels(figure)
    for value, amount in figure["values"].items():
        family.add_metric([*own, *(value.split(",", maxsplit=len(labels) - 1) if labels else [])], amount)


def _labels(figure: Mapping[str, Any]) -> list[str]:
    return figure["label"].split(",") if figure["label"] else []
