"""`threads`: where every thread stands. Go's `threadcreate` says where they came from; Python does not know that."""

import sys
import threading
from types import FrameType
from typing import Final

from trio.lowlevel import checkpoint

from whiteboard.diagnostics.profiles.places import Places
from whiteboard.diagnostics.profiles.profile import Profile, Sample, Stack, ValueType
from whiteboard.diagnostics.profiles.sources import Source, by_looks, now_ns

TYPES: Final = (ValueType("threads", "count"),)


async def look() -> Profile:
    """All threads of Python's; those of libraries it does not see."""
    await checkpoint()
    places = Places()
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    samples = [
        Sample(_stack(frame, places), (1,), (("name", names.get(ident, "unknown")),))
        for ident, frame in sys._current_frames().items()  # noqa: SLF001 - documented, for this
    ]
    return Profile(types=TYPES, samples=samples, default_type=TYPES[0].kind, time_ns=now_ns()).merged()


def thread_source() -> Source:
    """`threads`."""
    meaning = (
        "Every thread and where it stands; the first one is the event loop, which is taking this profile."
    )
    return Source(name="threads", meaning=meaning, take=by_looks(look), count=threading.active_count)


def _stack(innermost: FrameType, places: Places) -> Stack:
    found = []
    frame: FrameType | None = innermost
    while frame is not None:
        found.append(places.of(frame))
        frame = frame.f_back
    return tuple(found)
