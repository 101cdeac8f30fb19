"""Delays between tries."""

from hypothesis import given
from hypothesis import strategies as st

from whiteboard import timeouts
from whiteboard.client.backoff import FINAL_CLOSE_CODES, FINAL_HTTP_STATUSES, Backoff
from whiteboard.protocol.close_codes import CLOSE_CODES


def highest(low: float, high: float) -> float:
    """Chance at its worst."""
    return high


def test_delays_double_up_to_the_cap() -> None:
    """Each failure doubles the delay, from CLIENT_RETRY_FIRST to CLIENT_RETRY_CAP."""
    backoff = Backoff(highest)
    delays = [backoff.next_delay() for _ in range(9)]
    assert delays == [0.25, 0.5, 1, 2, 4, 8, 15, 15, 15]
    assert backoff.failures == 9


def test_a_good_connection_starts_over() -> None:
    """After `reset` the first delay comes again."""
    backoff = Backoff(highest)
    for _ in range(5):
        backoff.next_delay()
    backoff.reset()
    assert backoff.failures == 0
    assert backoff.next_delay() == timeouts.CLIENT_RETRY_FIRST.seconds


@given(st.integers(1, 2000), st.floats(0, 1))
def test_jitter_takes_at_most_half(tries: int, luck: float) -> None:
    """A delay lies between half and the whole of its step, however many failures there were."""
    backoff = Backoff(lambda low, high: low + luck * (high - low))
    delays = [backoff.next_delay() for _ in range(tries)]
    assert min(delays) >= timeouts.CLIENT_RETRY_FIRST.seconds / 2
    assert max(delays) <= timeouts.CLIENT_RETRY_CAP.seconds


@given(st.floats(-10, 1000), st.floats(-10, 1000))
def test_a_drain_is_obeyed_once_and_within_reason(low: float, high: float) -> None:
    """What the server asks for is the next delay, cut to the cap; the one after is our own."""
    backoff = Backoff(highest)
    backoff.ask(low, high)
    assert 0 <= backoff.next_delay() <= timeouts.CLIENT_RETRY_CAP.seconds
    assert backoff.next_delay() == 0.5


def test_final_codes_are_those_that_say_not_as_you_are() -> None:
    """The final codes are 44xx codes, less those that ask to come back later. [CLS-2]"""
    not_as_you_are = {code for code in CLOSE_CODES if 4400 <= code < 4500}
    assert not_as_you_are - {4408, 4429} == FINAL_CLOSE_CODES


def test_final_statuses_are_those_that_another_try_does_not_change() -> None:
    """A wrong name, path, origin or version is final; a full or draining server is not. [HTTP-14] [HTTP-16]"""
    assert {400, 403, 404, 421, 426, 505} <= FINAL_HTTP_STATUSES
    assert FINAL_HTTP_STATUSES.isdisjoint({408, 429, 500, 502, 503, 504})
