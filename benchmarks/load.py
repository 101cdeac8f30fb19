"""One loop that plays everybody, on epoll, in one thread: at a rate, or as fast as the answers come.

It does little per message, and it says how late it was itself (`late_ms`): when that is much, the load
was the bottleneck and the figures mean nothing.
"""

import gc
import select
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from heapq import heapify, heapreplace
from time import perf_counter
from typing import Final

from benchmarks.crowd import Crowd, Drawer
from benchmarks.sockets import Ended

SETTLE_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.05
_POLL_SECONDS: Final = 0.05
_HURRY_OPS: Final = 200
"""Batch of a drawer who has more to send than that: the page sends as many."""


class Load:
    """Everybody on some boards of one server."""

    def __init__(self, crowds: Sequence[Crowd]) -> None:
        self.crowds = crowds
        self.drawers = [drawer for crowd in crowds for drawer in crowd.drawers]
        self.late_ms = array("d")
        """How much later than wanted each op was sent."""
        self._by_descriptor = {drawer.line.socket.fileno(): drawer for drawer in self.drawers}
        self._epoll = select.epoll()
        for descriptor in self._by_descriptor:
            self._epoll.register(descriptor, select.EPOLLIN)
        self._writing: set[int] = set()

    def close(self) -> None:
        """Hang up, all of them."""
        self._epoll.close()
        for crowd in self.crowds:
            crowd.leave()

    def pass_once(self, wait_seconds: float) -> None:
        """Wait for something to arrive, at most so long, and take what has."""
        for descriptor, event in self._epoll.poll(max(wait_seconds, 0.0)):
            drawer = self._by_descriptor[descriptor]
            try:
                if event & ~select.EPOLLOUT:
                    drawer.receive()
                if event & select.EPOLLOUT:
                    drawer.line.flush()
                self._watch(descriptor, drawer)
            except Ended:
                self._epoll.unregister(descriptor)

    def _watch(self, descriptor: int, drawer: Drawer) -> None:
        if drawer.line.has_unsent == (descriptor in self._writing):
            return
        self._writing ^= {descriptor}
        wanted = select.EPOLLIN | (select.EPOLLOUT if drawer.line.has_unsent else 0)
        self._epoll.modify(descriptor, wanted)

    def wait_until(self, is_so: Callable[[], bool], seconds: float = SETTLE_SECONDS) -> bool:
        """Take what arrives until then, at most so long; whether it came to that."""
        deadline = perf_counter() + seconds
        while not (so := is_so()) and perf_counter() < deadline:
            self.pass_once(_POLL_SECONDS)
        return so

    def settle(self) -> None:
        """Until everybody has everything."""
        self.wait_until(lambda: all(crowd.is_settled for crowd in self.crowds))

    # --- drawing ------------------------------------------------------------------------------

    def draw_at_rate(self, rate: float, seconds: float, is_over: Callable[[], bool] | None = None) -> None:
        """Everybody sends `rate` ops per second, each at moments of their own, then all settle.

        Args:
            is_over: asked every LOOK_SECONDS; drawing ends early when it says so. It must not block.
        """
        with _no_collections():
            self._draw_at_rate(rate, seconds, is_over or (lambda: False))
            self.settle()

    def _draw_at_rate(self, rate: float, seconds: float, is_over: Callable[[], bool]) -> None:
        begin = perf_counter()
        random = self.crowds[0].random
        due = [(begin + random.random() / rate, number) for number in range(len(self.drawers))]
        heapify(due)
        next_look = begin
        while (now := perf_counter()) < begin + seconds:
            if now >= next_look:
                next_look = now + LOOK_SECONDS
                if is_over():
                    break
            when, number = due[0]
            if when > now:
                self.pass_once(min(when, begin + seconds, next_look) - now)
                continue
            self.late_ms.append((now - when) * 1_000)
            self.drawers[number].draw()
            heapreplace(due, (when + random.uniform(0.5, 1.5) / rate, number))
            if len(self.late_ms) % 8 == 0:
                self.pass_once(0.0)

    def draw_with_window(self, window: int, seconds: float) -> float:
        """Everybody keeps `window` ops unanswered; acks per second while that went on. Then all settle."""
        with _no_collections():
            begin = perf_counter()
            before = self.answered
            while (took := perf_counter() - begin) < seconds:
                for drawer in self.drawers:
                    free = window - len(drawer.unanswered)
                    if free >= max(1, window // 4) and not drawer.line.has_unsent:
                        drawer.draw(min(free, _HURRY_OPS))
                        self._watch(drawer.line.socket.fileno(), drawer)
                self.pass_once(_POLL_SECONDS)
            answered = self.answered - before
            self.settle()
        return answered / took

    @property
    def answered(self) -> int:
        """Acks that came since the figures were last forgotten."""
        return sum(len(crowd.ack_ms) for crowd in self.crowds)


@contextmanager
def _no_collections() -> Iterator[None]:
    """Without pauses of our own collector in the figures."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def seated(ports: int | Sequence[int], boards: Sequence[str], per_board: int) -> Load:
    """A load whose drawers are all in: so many on each board, spread over the ports."""
    doors = [ports] if isinstance(ports, int) else ports
    crowds = [Crowd(board, seed) for seed, board in enumerate(boards, start=1)]
    for crowd in crowds:
        for door in doors:
            crowd.join(door, per_board // len(doors))
    load = Load(crowds)
    if not load.wait_until(lambda: all(crowd.is_seated for crowd in crowds)):
        load.close()
        raise RuntimeError("not everybody was let in")
    return load
