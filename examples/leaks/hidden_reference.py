"""A buffer kept alive by a reference that nobody sees in the code: five ways.

A view keeps all that it looks into; a C array over a buffer does too; an exception has the frames that it came through, with
their variables; an object that refers to itself waits for the collector, and where the heap is frozen that may be long; and
code in C can take a reference and forget it. The cures: copy what is needed, keep the text and not the exception, refer
weakly, give back.
"""

import ctypes
import gc
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, Final

from examples.leaks.laboratory import TIMES, Experiment, References

SIZE_BYTES: Final = 64 * 1024
HEAD_BYTES: Final = 16


class Buffer(bytearray):
    """Bytes that can be referred to weakly."""


class Kept:
    """What a feature means to keep: something small."""

    def __init__(self) -> None:
        self.heads: list[Any] = []
        self.errors: list[Any] = []
        self.addresses: list[int] = []


KEPT: Final = Kept()


def _view(buffer: Buffer, is_cured: bool) -> None:
    view = memoryview(buffer)[:HEAD_BYTES]
    KEPT.heads.append(bytes(view) if is_cured else view)


def _c_array(buffer: Buffer, is_cured: bool) -> None:
    kind = ctypes.c_char * HEAD_BYTES
    KEPT.heads.append(kind.from_buffer_copy(buffer) if is_cured else kind.from_buffer(buffer))


def _error(buffer: Buffer, is_cured: bool) -> None:
    try:
        raise ValueError(f"{len(buffer)} bytes are no picture")
    except ValueError as error:
        KEPT.errors.append(str(error) if is_cured else error)


def _c_reference(buffer: Buffer, is_cured: bool) -> None:
    """As an extension does that keeps a pointer to an object."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(buffer))
    KEPT.addresses.append(id(buffer))
    if is_cured:
        _give_back()


def _give_back() -> None:
    for address in KEPT.addresses:
        ctypes.pythonapi.Py_DecRef(ctypes.c_void_p(address))
    KEPT.addresses.clear()


class Reader:
    """Closes itself, by a callback that knows it."""

    def __init__(self, buffer: Buffer, is_cured: bool) -> None:
        self.buffer = buffer
        self.on_close: Callable[[], object] = weakref.WeakMethod(self.close) if is_cured else self.close

    def close(self) -> None:
        """Nothing is read any more."""
        self.buffer.clear()

    def __del__(self) -> None:
        self.close()


def _cycle(buffer: Buffer, is_cured: bool) -> None:
    Reader(buffer, is_cured)


def _with(keep: Callable[[Buffer, bool], None]) -> Callable[[bool], Awaitable[References]]:
    async def run(is_cured: bool) -> References:
        references: References = []
        gc.disable()  # as between two walks of the collector: what is dead and refers to itself stays
        for _ in range(TIMES):
            buffer = Buffer(SIZE_BYTES)
            references.append(weakref.ref(buffer))
            keep(buffer, is_cured)
        return references

    return run


def _clean_up() -> None:
    KEPT.heads.clear()
    KEPT.errors.clear()
    _give_back()
    gc.enable()
    gc.collect()


EXPERIMENTS: Final = tuple(
    Experiment(f"a buffer and {what}", _with(keep), _clean_up)
    for what, keep in (
        ("a view of its head", _view),
        ("a C array over it", _c_array),
        ("an exception", _error),
        ("a cycle with __del__", _cycle),
        ("a reference of code in C", _c_reference),
    )
)
