"""`/metrics` as Prometheus reads it."""

import pytest
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
    body, _ = exposition({"": FIGURES.report()}, accept)
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

    assert exposition({"": FIGURES.report()}, accept)[1].startswith("application/openmetrics-text")
    assert samples(parse_openmetrics, accept)["whiteboard_boards_loaded", ()] == 4


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain"),
        ("text/html,*/*;q=0.8", "text/plain"),
        ("application/openmetrics-text;version=nonsense;escaping=x", "application/openmetrics-text"),
        (
            "application/openmetrics-text;version=99.0.0\x00;q=0.2,text/plain;q=0.1",
            "application/openmetrics-text",
        ),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.3", "text/plain"),
        ("application/openmetrics-text;q=0", "text/plain"),
        ("application/openmetrics-text;q=much", "text/plain"),
        (";;=,,;q", "text/plain"),
    ],
)
def test_whatever_accept_says_there_is_an_answer(accept: str, kind: str) -> None:
    """In the format that is liked best of the two, by our own version of it and not by what was asked."""
    body, content_type = exposition({"": FIGURES.report()}, accept)

    assert content_type.startswith(f"{kind}; version=")
    assert "99" not in content_type
    assert b"whiteboard_boards_loaded 4" in body


def test_each_worker_has_samples_of_its_own() -> None:
    """One family for each name, whoever has it: a worker that is away is missing, and nothing goes back."""
    one, other = FIGURES.report(), FIGURES.report()
    del one["whiteboard_boards_loaded"]
    body, _ = exposition({"0": one, "2": other}, "application/openmetrics-text")
    families = {family.name: family for family in parse_openmetrics(body.decode())}  # type: ignore[no-untyped-call]

    ends = families["whiteboard_ends"].samples
    assert [sample.labels for sample in ends] == [
        {"worker": "0", "outcome": "too slow"},
        {"worker": "2", "outcome": "too slow"},
    ]
    assert [sample.labels["worker"] for sample in families["whiteboard_boards_loaded"].samples] == ["2"]
    assert {sample.labels["worker"] for sample in families["whiteboard_pause_seconds"].samples} == {"0", "2"}


def test_values_of_labels_are_told_as_they_are() -> None:
    """Quotes, line breaks and backslashes do nothing to the format; of two values in one the first ends at the comma."""
    figures = Figures()
    figures.declare(Counter("whiteboard_odd_total", "Odd", label="what,rest")).add(1, 'a"b\n\\,c,"d"')
    for reader, accept in ((parse, ""), (parse_openmetrics, "application/openmetrics-text")):
        (family,) = reader(exposition({"": figures.report()}, accept)[0].decode())
        assert family.samples[0].labels == {"what": 'a"b\n\\', "rest": 'c,"d"'}
