"""Where values are kept while the graph is built, and who must look again when one of them grows."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whiteboard.governance.graph.record import Record
    from whiteboard.governance.graph.values import Value

Values = frozenset["Value"]


def words(text: str) -> frozenset[str]:
    """Names that are written one after the other."""
    return frozenset(text.split())


NOTHING: Values = frozenset()

MOST_VALUES = 256
"""A slot that holds more is full: what flows there further is left out."""

MOST_LOOSE = 24
"""A slot that holds more takes functions, classes and instances of the package alone: of foreign values and
collections, that many say no more than a few."""


class Slot:
    """One variable, parameter, attribute, return value or kind of element, with all values that reach it.

    A closed slot was declared with a type that says all there is to know; values do not flow into it.
    """

    __slots__ = ("closed", "readers", "values")

    def __init__(self, values: Values = NOTHING, *, closed: bool = False) -> None:
        self.values = values
        self.closed = closed
        self.readers: dict[Record, None] = {}

    def declare(self, values: Values, *, closed: bool) -> None:
        """Takes what an annotation says."""
        self.values |= values
        self.closed = self.closed or closed
