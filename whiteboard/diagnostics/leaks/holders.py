"""Who holds an object that should be gone: the chain of references to it from something that stays.

Theory of operation
-------------------
References are followed backwards, level by level, until something is met that needs no holder (`places`). The first chain
is the shortest one. Each level is one walk of the collector through all objects, 50 to 100 ms for a million of them, so a
server that is at work does this in a copy of itself (`profiles.forked`).

When all that refers to the object, directly or not, has been met and no root is among it, it is a dead cycle that waits for
the collector, unless one of these has more references than are among them: what holds it then is not Python's to see, code in
C or a function that runs in a thread. That is the collector's own sum, made for one object.

Frozen objects are in none of the collector's lists: they are thawed for the look and frozen again behind it.
"""

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, FunctionType
from typing import Any, Final

import attrs

from whiteboard.diagnostics.leaks.places import Places
from whiteboard.diagnostics.leaks.references import chain_text, variable_with
from whiteboard.limits import MAX_HOLDERS_WALKED

_AT_ONCE: Final = 64
"""Objects whose holders are looked for in one walk: each reference in memory is compared with all of them."""
_MOST_CHAINS: Final = 3
_ENOUGH_MET: Final = 300
"""Objects, after which no further chain is looked for when there is one."""
_LASTING: Final = (dict, type, FunctionType)
_OWN_REFERENCES: Final = 2
"""Of an object that is met: the list of all that were, and the argument of `getrefcount`."""


@attrs.frozen
class Holding:
    """What was found out about one object."""

    chains: tuple[str, ...] = ()
    """From a root to the object, the shortest first, at most three that reach it in different ways."""
    is_gone: bool = False
    """Whether it was not there any more."""
    is_garbage: bool = False
    """Whether it is a dead cycle: nobody holds it, the collector has not come by."""
    is_whole: bool = True
    """False where the search ended at MAX_HOLDERS_WALKED objects, so that the chain begins in the middle."""

    @property
    def is_held(self) -> bool:
        """Whether somebody holds it."""
        return not self.is_gone and not self.is_garbage


def find_holders(get: Callable[[], object]) -> Holding:
    """Who holds what `get` gives, such as a weak reference.

    The caller must hold it in no variable of a coroutine: that would be a holder too. Functions that are running do not
    count as long as there is any other. Stops everything for as long as it takes.
    """
    with thawed():
        return _Search(get).run()


@contextmanager
def thawed() -> Iterator[None]:
    """Have the collector see all objects, frozen ones too, and begin nothing by itself meanwhile."""
    frozen, enabled = gc.get_freeze_count() > 0, gc.isenabled()
    gc.disable()
    gc.unfreeze()
    try:
        yield
    finally:
        if frozen:
            gc.freeze()
        if enabled:
            gc.enable()


class _Search:
    """One search. Holds what it meets in one list and else only addresses, to be no holder of anything itself."""

    def __init__(self, get: Callable[[], object]) -> None:
        self._places = Places()
        self._get = get
        self._met: list[Any] = []
        self._towards: list[int] = []
        # of each that was met, which of them it holds
        self._at: dict[int, int] = {}
        # where in `_met` an address is
        self._roots: list[tuple[object, int]] = []
        # with which of those that were met it holds

    def run(self) -> Holding:
        self._meet(self._get(), -1)
        if self._met[0] is None:
            return Holding(is_gone=True)
        done = 0
        while done < len(self._met) and len(self._met) < MAX_HOLDERS_WALKED and not self._is_enough:
            share = range(done, min(len(self._met), done + _AT_ONCE))
            done = share.stop
            self._meet_holders(share)
        if self._roots:
            return Holding(tuple(self._text(held, root) for root, held in self._best_roots()))
        if done < len(self._met):
            return Holding((f"… → {self._text(len(self._met) - 1)}",), is_whole=False)
        return self._unrooted()

    @property
    def _is_enough(self) -> bool:
        return bool(self._roots) and (len(self._met) > _ENOUGH_MET or len(self._best_roots()) == _MOST_CHAINS)

    def _meet(self, thing: object, towards: int) -> None:
        self._at[id(thing)] = len(self._met)
        self._met.append(thing)
        self._towards.append(towards)

    def _meet_holders(self, share: range) -> None:
        """Meet all that hold one of a share and are not met already; roots are noted, and not gone behind."""
        held = self._met[share.start : share.stop]
        mine = {id(held), id(self._met), id(self._roots), id(self.__dict__), id(self)}
        found = gc.get_referrers(*held)
        del held[:]
        for holder in found:
            if (
                id(holder) in mine
                or id(holder) in self._at
                or (type(holder) is tuple and self._is_own(holder))
            ):
                continue
            held_here = self._held_by(holder, share)
            if self._places.name_of(holder) is not None:
                self._roots.extend((holder, at) for at in held_here)
            else:
                self._meet(holder, held_here[0] if held_here else share.start)
        del found[:]

    def _is_own(self, holder: object) -> bool:
        return any(holder is pair for pair in self._roots)

    def _held_by(self, holder: object, share: range) -> list[int]:
        places = {self._at.get(id(one), -1) for one in gc.get_referents(holder)}
        return sorted(at for at in places if at in share)

    def _best_roots(self) -> list[tuple[object, int]]:
        """The first for each object that holds what is looked for itself; what a module names before what a task has."""
        by_neighbour: dict[int, tuple[object, int]] = {}
        for root, held in sorted(self._roots, key=lambda pair: not isinstance(pair[0], _LASTING)):
            neighbour = self._neighbour(held) or -id(root)
            by_neighbour.setdefault(neighbour, (root, held))
        return list(by_neighbour.values())[:_MOST_CHAINS]

    def _neighbour(self, at: int) -> int:
        while self._towards[at] > 0:
            at = self._towards[at]
        return at

    def _text(self, at: int, start: object = None) -> str:
        chain = [] if start is None else [start]
        while at >= 0:
            chain.append(self._met[at])
            at = self._towards[at]
        return chain_text(chain, self._places)

    # --- nothing that stays holds it ------------------------------------------------------------

    def _unrooted(self) -> Holding:
        """A dead cycle, or something that Python does not see holds one of those that were met."""
        known = self._references_among_met()
        for at in range(len(self._met)):
            unseen = sys.getrefcount(self._met[at]) - _OWN_REFERENCES - known.get(at, 0)
            if unseen > 0:
                return Holding((f"{self._unseen_holder(at, unseen)} → {self._text(at)}",))
        return Holding(is_garbage=True)

    def _references_among_met(self) -> dict[int, int]:
        known: dict[int, int] = {}
        for number in range(len(self._met)):
            for one in gc.get_referents(self._met[number]):
                at = self._at.get(id(one))
                if at is not None:
                    known[at] = known.get(at, 0) + 1
        return known

    def _unseen_holder(self, at: int, unseen: int) -> str:
        """What to call whoever holds one that was met: a running function's variable, if it is one."""
        return next(
            _running_with(self._met[at]),
            f"{unseen} reference{'s'[: unseen > 1]} that Python does not see (code in C)",
        )


def _running_with(thing: object) -> Iterator[str]:
    """The functions that run now, outside of here, with this in a variable."""
    for thread, frame in sys._current_frames().items():  # noqa: SLF001 - there is no other way
        above: FrameType | None = frame
        while above is not None:
            name = None if above.f_code.co_filename == __file__ else variable_with(above, thing)
            if name is not None:
                yield f"thread {_thread_name(thread)} in {above.f_code.co_qualname} (local {name!r})"
            above = above.f_back
        del frame  # our own is among them, which would hold itself


def _thread_name(identity: int) -> str:
    return next((repr(one.name) for one in threading.enumerate() if one.ident == identity), str(identity))
