"""What a process says that cannot say anything any more: its stacks on standard error, written without the interpreter's lock.

For a call that never gives the lock back: no Python code runs then, and nobody could log. The system's timer sends SIGALRM and
`faulthandler` writes. That reads frames as they lie, which is safe while nothing moves in them, so it waits until nobody has
had the lock for STALL_LASTS: on an interpreter that runs it crashed once in some 50,000 times.
"""

import faulthandler
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from whiteboard import timeouts


@contextmanager
def last_word() -> Iterator[Callable[[], None]]:
    """Gives what puts it off for another STALL_LASTS, to be called now and then, in any thread.

    Does nothing outside of the main thread, and where somebody else uses the alarm.
    """
    if threading.current_thread() is not threading.main_thread() or not _is_free():
        yield _nothing
        return
    faulthandler.register(signal.SIGALRM, file=sys.__stderr__ or 2, all_threads=True)
    try:
        yield _put_off
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.unregister(signal.SIGALRM)


def _is_free() -> bool:
    return signal.getsignal(signal.SIGALRM) is signal.SIG_DFL and signal.getitimer(signal.ITIMER_REAL)[0] == 0


def _put_off() -> None:
    signal.setitimer(signal.ITIMER_REAL, timeouts.STALL_LASTS.seconds)


def _nothing() -> None:
    pass
