"""The shortest chains of edges, found breadth first; of calls, of imports, of whatever leads from one place to another."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

_Link = TypeVar("_Link")


def shortest_chains(
    starts: Iterable[_Link],
    onward: Callable[[_Link], Iterable[_Link]],
    end: Callable[[_Link], Hashable],
) -> Iterator[tuple[_Link, ...]]:
    """One of the shortest chains to each place that can be come to, the nearest place first.

    Nothing is walked further than chains are taken, so `next` of them costs no more than the way there.

    Args:
        starts: what a chain may begin with; the place that it leaves counts as come to only when a chain comes back.
        onward: what may follow on a link.
        end: where a link leads.
    """
    come_to: set[Hashable] = set()
    waiting: deque[tuple[_Link, ...]] = deque((link,) for link in starts)
    while waiting:
        chain = waiting.popleft()
        place = end(chain[-1])
        if place in come_to:
            continue
        come_to.add(place)
        yield chain
        waiting.extend((*chain, link) for link in onward(chain[-1]))
