"""`/metrics` as Prometheus reads it."""

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from whiteboard.diagnostics.figures import Counter, Figures, Gauge, Histogram
from whiteboard.web.exposition import exposition

FIGURES = Figures()
FIGURES.declare(Counter("whiteboard_ends_total", "Ends", label="outcome")).add(3, "too slow")
FIGURES.declare(Counter("whiteboard_messages_total", "Messages", label="direction,type")).add(2, "in,op")
FIGURES.declare(Gauge("whiteboard_boards_loaded", "Boards in memory", lambda: 4))
PAUSES = FIGURES.declare(Histogram("whiteboard_pause_seconds", "Pauses", (0.001, 0.01)))
for took in (0.0005, 0.002, 0.002, 0.5):
    PAUSES.note(took)


def samples(parser: object, accept: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Values by name and labels, as prometheus-client's own parser reads what we write."""
    body, _ = exposition(FIGURES.report(), accept)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parser(body.decode())  # type: ignore[operator]
        for sample in family.samples
    }


def test_prometheus_reads_every_figure() -> None:
    """Counters and gauges with their labels, histograms with bins that hold all below them."""
    read = samples(parse, "text/plain")

    assert read["whiteboard_ends_total", (("outcome", "too slow"),)] == 3
    assert read["whiteboard_messages_total", (("direction", "in"), ("type", "op"))] == 2
    assert read["whiteboard_boards_loaded", ()] == 4
    assert [read["whiteboard_pause_seconds_bucket", (("le", le),)] for le in ("0.001", "0.01", "+Inf")] == [
        1,
        3,
        4,
    ]
    assert read["whiteboard_pause_seconds_count", ()] == 4
    assert read["whiteboard_pause_seconds_sum", ()] == 0.5045


def test_who_asks_for_openmetrics_gets_it() -> None:
    """By `Accept`, with its own content type, and the same values."""
    accept = "application/openmetrics-text; version=1.0.0"

    assert exposition(FIGURES.report(), accept)[1].startswith("application/openmetrics-text")
    assert samples(parse_openmetrics, accept)["whiteboard_boards_loaded", ()] == 4
