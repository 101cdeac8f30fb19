"""Which modules feel what happens in another: those that depend on it, and those that depend on these."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeAlias

Dependents: TypeAlias = Callable[[str], AbstractSet[str]]
"""The modules that depend on a module at first hand."""


def hops_from(starts: Iterable[str], dependents: Dependents) -> Mapping[str, int]:
    """How far each module is that depends on one of `starts`; these themselves are 0 hops away."""
    hops = dict.fromkeys(starts, 0)
    edge = list(hops)
    while edge:
        found = {}
        for module in edge:
            for other in dependents(module):
                if other not in hops:
                    found[other] = hops[module] + 1
        hops |= found
        edge = list(found)
    return hops


def within(name: str, places: Iterable[str]) -> frozenset[str]:
    """The place of that name and all in it: modules of a package, paths of a folder."""
    inside = f"{name}/" if "/" in name else f"{name}."
    return frozenset(place for place in places if place == name or place.startswith(inside))
