import pytest

from whiteboard import timeouts
from whiteboard.storage.sqlite.pace import Pace

BURST = timeouts.COMMIT_BURST.seconds
RHYTHM = timeouts.COMMIT_RHYTHM.seconds


def test_a_quiet_server_never_rests() -> None:
    """Two hundred lone commits a second of a quarter of a millisecond each leave the allowance untouched."""
    pace = Pace()
    for number in range(1_000):
        assert pace.rest(number / 200) == 0
        pace.spend(number / 200, 0.000_25)


def test_a_burst_after_a_pause_is_free() -> None:
    """What was saved up may be spent at once; then commits rest, the longer the more they take."""
    pace = Pace()
    pace.spend(10.0, BURST)
    assert pace.rest(10.0) == 0
    pace.spend(10.0, 0.000_1)
    first = pace.rest(10.0)
    assert 0 < first < RHYTHM
    pace.spend(10.0, 0.000_1)
    assert pace.rest(10.0) == pytest.approx(2 * first)


def test_no_rest_is_longer_than_the_rhythm() -> None:
    """A commit that took a second delays the next one by no more than others, and is soon forgotten."""
    pace = Pace()
    pace.spend(10.0, 1.0)
    assert pace.rest(10.0) == pytest.approx(RHYTHM)
    assert pace.rest(10.0 + RHYTHM) == pytest.approx(0)
    assert pace.rest(11.0) == 0
