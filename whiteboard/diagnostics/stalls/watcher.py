"""The watch over this process's event loop: a task that beats, and a thread that looks.

```
nursery    the beat            thread    the watcher, which never touches the loop
```

The thread gets the interpreter's lock within 5 ms while the loop runs Python code, and at once while that blocks in a call. A
call that keeps the lock gives it to the thread at its very end, where the stack still is what it was; or to another thread that waits
for it too, so the loop's thread is told to look there itself.
"""

import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import FrameType

import trio

from whiteboard.diagnostics.stalls.core_alarm import core_alarm
from whiteboard.diagnostics.stalls.last_word import last_word
from whiteboard.diagnostics.stalls.readings import Readings
from whiteboard.diagnostics.stalls.stacks import Threads
from whiteboard.diagnostics.stalls.watch import Watch


@asynccontextmanager
async def open_stall_watch(limit: float) -> AsyncIterator[None]:
    """Find what keeps the loop for `limit` seconds or more while the block runs; nothing that keeps it for less than half of that.

    To be entered when all is built. Child: the beat; beside it a thread, which has ended when the block has. 0 watches nothing.
    """
    if limit <= 0:
        yield
        return
    threads, heart = Threads(), _Heart()
    with Readings() as readings, last_word() as put_off:
        watch = Watch(limit, readings.take, threads, heart.wake)
        with (
            core_alarm(limit / 2, watch.note_interrupted) as put_off_alarm,  # half of it may be in the kernel
            _continuing(watch),
            _watching(watch, threads, put_off, put_off_alarm),
        ):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(heart.beat, watch, name="stall watch")
                yield
                nursery.cancel_scope.cancel()


class _Heart:
    """What has the loop beat. To be made in a task."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._woken = trio.Event()

    async def beat(self, watch: Watch) -> None:
        """For ever; not while the loop rests."""
        while True:
            watch.beat()
            if watch.rests:
                await self._woken.wait()
                self._woken = trio.Event()
            else:
                await trio.sleep(watch.pause)

    def wake(self) -> None:
        """Beat again. In another thread; of a loop that has ended nobody wants to know."""
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._stir, idempotent=True)

    def _stir(self) -> None:
        self._woken.set()


@contextmanager
def _watching(watch: Watch, threads: Threads, *put_off: Callable[[], None]) -> Iterator[None]:
    goes_on = threading.Lock()
    goes_on.acquire()  # an Event does more when it wakes up

    def run() -> None:
        threads.watcher = threading.get_ident()
        while True:
            pause = watch.look()
            for one in put_off:
                one()
            if goes_on.acquire(timeout=pause):
                return

    thread = threading.Thread(target=run, name="stall watcher", daemon=True)
    thread.start()
    try:
        yield
    finally:
        goes_on.release()
        thread.join()


@contextmanager
def _continuing(watch: Watch) -> Iterator[None]:
    """Hear of it when the process is stopped and goes on: by job control, a debugger or a process manager."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(_: int, __: FrameType | None) -> None:
        watch.note_continued(time.perf_counter())

    before = signal.signal(signal.SIGCONT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGCONT, before)
