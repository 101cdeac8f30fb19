"""Signals of the system's timers, for whoever wants one first."""

import signal

import pytest

from whiteboard.diagnostics.timer_signals import heard, is_free

pytestmark = pytest.mark.alone  # the signal comes to the main thread

SIGNAL = (signal.SIGVTALRM, signal.ITIMER_VIRTUAL)


def test_one_is_free_unless_somebody_hears_it_or_has_set_its_timer() -> None:
    """Ignored is free: nobody misses it."""
    assert is_free(*SIGNAL)
    with heard(*SIGNAL, lambda *_: None):
        assert not is_free(*SIGNAL)
    signal.setitimer(signal.ITIMER_VIRTUAL, 1_000)
    assert not is_free(*SIGNAL)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    assert is_free(*SIGNAL)


@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN])
def test_it_is_heard_and_then_as_it_was(before: signal.Handlers) -> None:
    """With no timer that goes on."""
    heard_of: list[int] = []
    signal.signal(signal.SIGVTALRM, before)
    try:
        with heard(*SIGNAL, lambda number, _: heard_of.append(number)):
            signal.setitimer(signal.ITIMER_VIRTUAL, 1_000, 1_000)
            signal.raise_signal(signal.SIGVTALRM)
        assert heard_of == [signal.SIGVTALRM]
        assert signal.getsignal(signal.SIGVTALRM) is before
        assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    finally:
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
