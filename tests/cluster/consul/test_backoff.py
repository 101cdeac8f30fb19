"""Delays between tries to reach an agent."""

from hypothesis import given
from hypothesis import strategies as st

from whiteboard import timeouts
from whiteboard.cluster.consul.backoff import retry_delay


def test_delays_double_up_to_the_cap() -> None:
    """From CONSUL_RETRY_FIRST to CONSUL_RETRY_CAP, when chance takes nothing off."""
    delays = [retry_delay(failures, lambda _, high: high) for failures in range(1, 8)]
    assert delays == [0.5, 1, 2, 4, 8, 15, 15]


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_jitter_takes_at_most_half(failures: int, luck: float) -> None:
    """Never less than half of the first, never more than the cap, however long the agent is away."""
    delay = retry_delay(failures, lambda low, high: low + luck * (high - low))
    assert timeouts.CONSUL_RETRY_FIRST.seconds / 2 <= delay <= timeouts.CONSUL_RETRY_CAP.seconds
