"""The signals that the system's timers send: one of them for whoever wants it first."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


def is_free(number: signal.Signals, timer: int) -> bool:
    """Whether nobody in this process uses that signal or its timer. In any thread."""
    is_unheard = signal.getsignal(number) in {signal.SIG_DFL, signal.SIG_IGN}
    return is_unheard and signal.getitimer(timer)[0] == 0


@contextmanager
def heard(
    number: signal.Signals, timer: int, hear: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    """Have `hear` called for each while the block runs, which may set the timer. In the main thread, where `is_free`.

    Behind it timer and handler are as they were. What is left of a signal then is dropped first: it would end the process.
    """
    before = signal.getsignal(number)
    signal.signal(number, hear)
    signal.siginterrupt(number, False)  # libraries need not expect it
    try:
        yield
    finally:
        signal.setitimer(timer, 0)
        signal.signal(number, signal.SIG_IGN)
        signal.signal(number, before)
