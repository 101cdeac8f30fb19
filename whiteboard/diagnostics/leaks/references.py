"""How one object refers to the next, in words: an attribute, a place in a list, a closure's cell, a coroutine's local variable.

A chain of objects becomes text such as `whiteboard.rooms.hub.HUB._listeners[3] → function on_op (closure cell 'session') → Session`.
Keys of dictionaries may be what people chose, tokens among them: only numbers and session ids are shown.
"""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial
from inspect import CO_OPTIMIZED
from types import (
    AsyncGeneratorType,
    CellType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    TracebackType,
)
from typing import Any, Final

from whiteboard.diagnostics.leaks.places import Places

_SESSION_ID: Final = re.compile(r"s-[\w-]{12}")
_RUNNABLE: Final = (CoroutineType, GeneratorType, AsyncGeneratorType)
_WORTH_A_WORD: Final = (
    *_RUNNABLE,
    MethodType,
    FunctionType,
    FrameType,
    type,
    partial,
    memoryview,
    BaseException,
)
"""On the way from a root; containers and plain objects are where their path says."""
_MOST_ITEMS: Final = 100_000
"""Of a list or dictionary that are looked through for the one that is meant."""
Step = tuple[str, int]
"""What to write of a reference, and how many objects further on it leads."""


def chain_text(chain: Sequence[object], places: Places) -> str:
    """The chain from its root, which is the first, to what is held, the last."""
    parts = [places.name_of(chain[0]) or described(chain[0])]
    at, last = 0, len(chain) - 1
    while at < last:
        said, further = _step(chain, at, places)
        at += further
        parts.append(said)
        if at == last or _is_worth_a_word(chain[at]):
            parts.append(f" → {described(chain[at])}")
    return "".join(parts)


def _is_worth_a_word(thing: object) -> bool:
    return isinstance(thing, _WORTH_A_WORD) or hasattr(
        type(thing), "_b_base_"
    )  # the latter is a thing of ctypes


def without_places(text: str) -> str:
    """The same text for all that are held in the same way: places in lists and keys of dictionaries are left out."""
    return _SESSION_ID.sub("s-…", re.sub(r"\[[^\]]*\]", "[…]", text))


def described(thing: object) -> str:
    """What one object is, without what it contains."""
    if isinstance(thing, MethodType):
        return f"method {getattr(thing.__func__, '__qualname__', '?')}"
    if isinstance(thing, FunctionType):
        return f"function {thing.__qualname__}"
    if isinstance(thing, type):
        return f"class {thing.__qualname__}"
    if isinstance(thing, FrameType):
        return f"frame of {thing.f_code.co_qualname}"
    if isinstance(thing, _RUNNABLE):
        return f"{thing.__qualname__}()"
    return type(thing).__name__


def _step(chain: Sequence[object], at: int, places: Places) -> Step:
    """From one of a chain to the next that is worth a word."""
    holder, held = chain[at], chain[at + 1]
    if places.is_module(holder):
        return f".{_name_in(holder, held)}", 1
    if at + 2 < len(chain):
        longer = _through(holder, held, chain[at + 2])
        if longer is not None:
            return longer, 2
    if isinstance(holder, FunctionType) and held is holder.__closure__ and at + 3 < len(chain):
        return f" (closure cell {_cell_name(holder, chain[at + 2])!r})", 3
    return _directly(holder, held), 1


def _through(holder: object, between: object, held: object) -> str | None:
    """Past an object that nobody would name: an object's dictionary, a memoryview's buffer, a function's default values."""
    if (
        type(between) is dict
        and not isinstance(holder, dict | list | tuple)
        and _is_namespace(holder, between)
    ):
        return f".{_name_in(between, held)}"
    if isinstance(holder, memoryview) and type(between).__name__ == "managedbuffer":
        return ""
    if isinstance(holder, FunctionType) and (
        between is holder.__defaults__ or between is holder.__kwdefaults__
    ):
        return " (default value)"
    if isinstance(holder, FunctionType) and between is holder.__globals__:
        return f" (global {_name_in(between, held)!r})"
    if isinstance(holder, (*_RUNNABLE, FrameType)) and isinstance(between, CellType):
        frame = holder if isinstance(holder, FrameType) else _frame_of(holder)
        return f" ({_local(frame, held)})"
    if isinstance(holder, TracebackType) and isinstance(between, FrameType):
        return f" in {between.f_code.co_qualname} ({_local(between, held)})"
    return None


def _is_namespace(holder: object, space: dict[Any, Any]) -> bool:
    return isinstance(holder, type) or getattr(holder, "__dict__", None) is space


def _name_in(space: Any, held: object) -> str:
    return next((str(name) for name, value in list(space.items()) if value is held), "?")


def _cell_name(function: FunctionType, cell: object) -> str:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    return next((name for name, one in cells if one is cell), "?")


def _directly(holder: Any, held: object) -> str:
    if isinstance(holder, dict):
        return _in_dict(holder, held)
    if isinstance(holder, list | tuple | deque):
        return _in_sequence(holder, held)
    if isinstance(holder, set | frozenset):
        return "{…}"
    if isinstance(holder, CellType):
        return ".cell_contents"
    if isinstance(holder, MethodType):
        return "" if held is holder.__self__ else ".__func__"
    if isinstance(holder, FrameType):
        return f" ({_local(holder, held)})"
    if isinstance(holder, _RUNNABLE):
        return f" ({_local(_frame_of(holder), held)})"
    return _attribute(holder, held)


def _in_dict(holder: dict[Any, Any], held: object) -> str:
    if len(holder) > _MOST_ITEMS:
        return "[…]"
    for key, value in list(holder.items()):
        if value is held:
            return f"[{_shown(key)}]"
        if key is held:
            return " (as a key)"
    return "[?]"


def _shown(key: object) -> str:
    is_harmless = isinstance(key, int) or (isinstance(key, str) and _SESSION_ID.fullmatch(key))
    return repr(key) if is_harmless else type(key).__name__


def _in_sequence(holder: Iterable[object], held: object) -> str:
    for place, one in enumerate(holder):
        if one is held:
            return f"[{place}]"
        if place > _MOST_ITEMS:
            break
    return "[…]"


def _frame_of(running: Any) -> FrameType | None:
    for name in ("cr_frame", "gi_frame", "ag_frame"):
        if hasattr(running, name):
            frame: FrameType | None = getattr(running, name)
            return frame
    return None


def _local(frame: FrameType | None, held: object) -> str:
    """Which variable of a function it is; else something that the function is about to use."""
    name = None if frame is None else variable_with(frame, held)
    return "a value in use" if name is None else f"local {name!r}"


def variable_with(frame: FrameType, held: object) -> str | None:
    """The name of the variable of a function that it is in, if it is."""
    variables: Any = frame.f_locals
    name = next((name for name, value in list(variables.items()) if value is held), None)
    if type(variables) is dict and frame.f_code.co_flags & CO_OPTIMIZED:
        variables.clear()  # a copy that the frame would keep, and so what stands in it; since Python 3.13 it is none
    return name


def _attribute(holder: object, held: object) -> str:
    if isinstance(holder, TracebackType):
        return f".{'tb_next' if held is holder.tb_next else 'tb_frame'}"
    own = getattr(holder, "__dict__", None)
    if isinstance(own, dict) and (name := _name_in(own, held)) != "?":
        return f".{name}"
    for name in _attribute_names(type(holder)):
        try:
            if getattr(holder, name) is held:
                return f".{name}"
        except Exception:  # noqa: BLE001, S112 - a property of somebody's: it may raise what it likes
            continue
    return ".?"


def _attribute_names(kind: type) -> Iterable[str]:
    """Slots, and what classes written in C show; no properties, which would run code."""
    own = [name for base in kind.__mro__ for name, value in vars(base).items() if _is_plain(value)]
    return [*own, *_BUILT_IN]


def _is_plain(attribute: object) -> bool:
    return type(attribute).__name__ in {"member_descriptor", "getset_descriptor"}


_BUILT_IN: Final = ("__traceback__", "__context__", "__cause__", "__dict__", "func", "args", "keywords")
