"""What interrupts the event loop's own thread once the process has worked for long and nobody has looked.

For a call that keeps the interpreter's lock. Its end should be seen by who waits for the lock; but whoever else waits for it may be
first, and on a busy machine the loop goes on meanwhile and is seen somewhere else. The system counts the time of the core that the
process has worked in code of its own (ITIMER_VIRTUAL: none in the kernel) and sends SIGVTALRM. CPython has the loop's thread hear of
that behind the call, before all else, with the frame that it then is in; some calls, such as those of `re`, let it hear in their midst.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from whiteboard.diagnostics.timer_signals import heard, is_free

_SIGNAL: Final = (signal.SIGVTALRM, signal.ITIMER_VIRTUAL)


@contextmanager
def core_alarm(seconds: float, rings: Callable[[FrameType], None]) -> Iterator[Callable[[], None]]:
    """Gives what puts it off, to be called now and then in any thread: until the process has worked for `seconds` more, in all its threads.

    Then it calls `rings` with the frame that it interrupts, in the main thread, and once more after each half of that time, never in the
    midst of itself. What that raises is lost: nobody there could bear it. Does nothing outside of the main thread, and where somebody
    else uses the signal.
    """
    if threading.current_thread() is not threading.main_thread() or not is_free(*_SIGNAL):
        yield lambda: None
        return

    is_ringing = False

    def hear(_: int, frame: FrameType | None) -> None:
        nonlocal is_ringing
        if frame is not None and not is_ringing:
            is_ringing = True
            with suppress(Exception):
                rings(frame)
            is_ringing = False

    def put_off() -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds, seconds / 2)

    with heard(*_SIGNAL, hear):
        yield put_off
