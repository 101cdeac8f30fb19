"""Pauses of the collector."""

import gc

from whiteboard.diagnostics.figures import Counter, Histogram
from whiteboard.diagnostics.memory.pauses import BOUNDS, COLLECTIONS, PAUSES, PauseWatch, counting_pauses


def test_each_collection_is_one_pause_of_its_generation() -> None:
    """Its time is where it belongs in the histogram, and adds up by generation."""
    pauses = Histogram("whiteboard_a_pause", "", BOUNDS)
    spent = Counter("whiteboard_a_pause_total", "", label="generation")
    watch = PauseWatch(pauses, spent)
    for generation in (0, 0, 2):
        watch("start", {"generation": generation})
        watch("stop", {"generation": generation})
    assert sum(pauses.counts) == 3
    assert 0 < pauses.sum < 3 * pauses.largest
    assert set(spent.values()) == {"0", "2"}


def test_collections_are_counted_while_the_block_runs_only() -> None:
    """The process's own, as the exporter reads them."""
    with counting_pauses():
        before, walked = sum(PAUSES.counts), COLLECTIONS.values()["2"]
        gc.collect()
        assert sum(PAUSES.counts) > before
        assert COLLECTIONS.values()["2"] == walked + 1
    counted = sum(PAUSES.counts)
    gc.collect()
    assert sum(PAUSES.counts) == counted
