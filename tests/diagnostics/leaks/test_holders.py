"""Who holds an object: every way in which one can be held without anybody meaning it."""

import ctypes
import gc
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from inspect import CO_OPTIMIZED
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
import trio
import trio.testing

from whiteboard.diagnostics.leaks.holders import Holding, find_holders
from whiteboard.diagnostics.leaks.references import variable_with, without_places

pytestmark = [
    pytest.mark.long_steps("walks through all of memory"),
    pytest.mark.alone,  # what other tests have left is walked through, too
]


class Thing:
    """What should be gone."""

    def act(self) -> None:
        """A method."""


class Buffer(bytearray):
    """Bytes that can be referred to weakly."""


class Slotted:
    """Has no dictionary."""

    __slots__ = ("thing",)
    by_class: Any = None

    def __init__(self, thing: object) -> None:
        self.thing = thing


class Keeper:
    """Has attributes."""

    def __init__(self) -> None:
        self.kept: Any = None


KEEPER = Keeper()
HERE = f"{__name__}.KEEPER.kept"


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """Each test keeps its own."""
    yield
    KEEPER.kept = Slotted.by_class = None


def closure(thing: object) -> Callable[[], object]:
    """A function that knows it."""

    def on_op() -> object:
        return thing

    return on_op


class Prickly:
    """Raises where it is compared, as an array of several numbers does."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ValueError("neither true nor false")


def closure_beside_a_default(thing: object) -> Callable[[], object]:
    """A function that knows it, and has something else for a default."""

    def on_op(what: object = Prickly()) -> object:
        return thing, what

    return on_op


def with_default(thing: object) -> Callable[[], object]:
    """A function that has it for a default."""

    def on_op(what: object = thing) -> object:
        return what

    return on_op


def failed(thing: object) -> Exception:
    """What was raised while it was at hand."""
    try:
        raise ValueError(len(str(thing)) and "no")
    except ValueError as error:
        return error


def method(thing: object) -> object:
    """A bound one."""
    assert isinstance(thing, Thing)
    return thing.act


def generator(thing: object) -> object:
    """One that waits half way."""

    def each() -> Iterator[object]:
        yield None
        yield thing

    begun = each()
    next(begun)
    return begun


def by_weak_callback(thing: object) -> object:
    """A weak reference whose callback knows it."""

    def on_end(_: object) -> object:
        return thing

    other = Thing()
    return (weakref.ref(other, on_end), other)


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        (lambda thing: thing, " → Thing"),
        (lambda thing: [0, thing], "[1] → Thing"),
        (lambda thing: deque([thing]), "[0] → Thing"),
        (lambda thing: {thing}, "{…} → Thing"),
        (lambda thing: {thing: 1}, " (as a key) → Thing"),
        (lambda thing: {7: thing}, "[7] → Thing"),
        (lambda thing: {"s-0123456789ab": thing}, "['s-0123456789ab'] → Thing"),
        (lambda thing: {"a-secret-token": thing}, "[str] → Thing"),
        (Slotted, ".thing → Thing"),
        (closure, " → function closure.<locals>.on_op (closure cell 'thing') → Thing"),
        (
            closure_beside_a_default,
            " → function closure_beside_a_default.<locals>.on_op (closure cell 'thing') → Thing",
        ),
        (with_default, " → function with_default.<locals>.on_op (default value) → Thing"),
        (lambda thing: partial(print, thing), " → partial.args[0] → Thing"),
        (method, " → method Thing.act → Thing"),
        (failed, " → ValueError.__traceback__ in failed (local 'thing') → Thing"),
        (generator, " → generator.<locals>.each() (local 'thing') → Thing"),
        (by_weak_callback, "[0].__callback__ → function by_weak_callback.<locals>.on_end (closure cell 'thing') → Thing"),
    ],
)  # fmt: skip
def test_how_it_is_held_is_said(keep: Callable[[object], object], said: str) -> None:
    """From the module's variable on."""
    thing = Thing()
    KEEPER.kept = keep(thing)
    found = weakref.ref(thing)
    del thing
    assert find_holders(found).chains[0] == HERE + said


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        (lambda buffer: memoryview(buffer)[2:4], " → memoryview → Buffer"),
        (
            (ctypes.c_char * 8).from_buffer,
            " → c_char_Array_8._objects[str] → memoryview → Buffer",
        ),
    ],
)
def test_a_buffer_that_is_looked_into_is_held(keep: Callable[[Any], object], said: str) -> None:
    """By a view of two of its bytes, or by a C array over them."""
    buffer = Buffer(8)
    KEEPER.kept = keep(buffer)
    found = weakref.ref(buffer)
    del buffer
    assert find_holders(found).chains == (HERE + said,)


def test_each_way_in_which_it_is_held_has_its_chain() -> None:
    """A class's attribute is named by its class; what a module names comes first."""
    thing = Thing()
    KEEPER.kept, Slotted.by_class = [thing], closure(thing)
    found = weakref.ref(thing)
    del thing
    assert set(find_holders(found).chains) == {
        f"{HERE}[0] → Thing",
        f"{__name__}.Slotted.by_class → function closure.<locals>.on_op (closure cell 'thing') → Thing",
    }


def cycle() -> "weakref.ref[Thing]":
    """Something that refers to itself."""
    thing: Any = Thing()
    thing.own = {"me": thing}
    return weakref.ref(thing)


def test_a_dead_cycle_is_told_from_one_that_is_held() -> None:
    """Nobody holds the one; the other one is held by its own list's list."""
    gc.disable()
    try:
        found = cycle()
        assert find_holders(found) == Holding(is_garbage=True)
        thing = found()
        assert thing is not None
        KEEPER.kept = thing.own  # type: ignore[attr-defined]
        del thing
        assert find_holders(found).chains == (f"{HERE}[str] → Thing",)
    finally:
        gc.enable()


def test_what_is_gone_is_gone() -> None:
    """Nothing is searched then."""
    found = weakref.ref(Thing())
    assert find_holders(found) == Holding(is_gone=True)


def test_a_reference_that_python_does_not_see_is_counted() -> None:
    """As code in C may have one too many."""
    thing = Thing()
    found = weakref.ref(thing)
    address = ctypes.py_object(thing)
    ctypes.pythonapi.Py_IncRef(address)
    del thing, address
    held = find_holders(found)
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(found()))
    assert held.chains == ("1 reference that Python does not see (code in C) → Thing",)
    assert found() is None


def test_the_variable_of_a_function_that_runs_in_a_thread_is_named() -> None:
    """Where nothing else holds it."""
    holds, may_go = threading.Event(), threading.Event()
    made: list[weakref.ref[Thing]] = []

    def hold() -> None:
        thing = Thing()
        made.append(weakref.ref(thing))
        holds.set()
        may_go.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait()
    (chain,) = find_holders(made[0]).chains
    may_go.set()
    thread.join()
    assert chain.endswith(f" in {hold.__qualname__} (local 'thing') → Thing")


async def test_a_task_that_waits_is_named_with_its_variable(autojump_clock: trio.testing.MockClock) -> None:
    """And the function that it is in."""
    made: list[weakref.ref[Thing]] = []

    async def inner() -> None:
        thing = Thing()
        made.append(weakref.ref(thing))
        await trio.sleep_forever()

    async def outer() -> None:
        await inner()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(outer, name="somebody's task")
        await trio.testing.wait_all_tasks_blocked()
        chains = find_holders(made[0]).chains
        nursery.cancel_scope.cancel()
    assert chains == (f"task \"somebody's task\" in {inner.__qualname__} (local 'thing') → Thing",)


def test_frozen_objects_are_seen_and_frozen_again() -> None:
    """The collector's lists have none of them."""
    found = weakref.ref(thing := Thing())
    KEEPER.kept = [thing]
    del thing
    gc.freeze()
    try:
        assert find_holders(found).chains == (f"{HERE}[0] → Thing",)
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


def test_chains_that_differ_in_their_places_only_are_the_same() -> None:
    """Which of the list, and which session's."""
    one = "app.HUB._listeners[3] → function on_op (closure cell 'session') → Session"
    other = "app.HUB._listeners[17] → function on_op (closure cell 'session') → Session"
    assert without_places(one) == without_places(other)
    assert without_places("app.BY['s-0123456789ab'] → Session") == without_places(
        "app.BY['s-ba9876543210'] → Session"
    )


def test_variables_that_are_no_copy_are_left_as_they_are() -> None:
    """Since Python 3.13 a frame gives a view of its variables, which cannot be cleared."""
    held = object()
    frame: Any = SimpleNamespace(
        f_locals=MappingProxyType({"other": 1, "mine": held}), f_code=SimpleNamespace(co_flags=CO_OPTIMIZED)
    )
    assert variable_with(frame, held) == "mine"
    assert variable_with(frame, object()) is None
