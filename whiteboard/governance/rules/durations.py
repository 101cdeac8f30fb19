"""How long a written duration is, where that can be worked out: entries, numbers, and arithmetic on both."""

import ast
from collections.abc import Mapping
from typing import Final

from whiteboard.governance.rules.registry import Entry, arithmetic, constant
from whiteboard.governance.rules.world import World

MAX_DEPTH: Final = 6
"""Parameters through which a value is followed."""


class Durations:
    """Values of expressions, in seconds."""

    def __init__(self, world: World, entries: Mapping[str, Entry]) -> None:
        self._world, self._entries = world, entries

    def of(self, function: str, expression: ast.expr, depth: int = 0) -> frozenset[float]:
        """What an expression of a function may be; empty when that is not known."""
        if (number := constant(expression)) is not None:
            return frozenset({number})
        match expression:
            case ast.BinOp(left=left, op=op, right=right):
                lefts, rights = self.of(function, left, depth), self.of(function, right, depth)
                results = {arithmetic(op, one, other) for one in lefts for other in rights}
                return frozenset(result for result in results if result is not None)
            case ast.Attribute(attr="seconds", value=inner) if found := self._entry(function, inner, depth):
                return found
            case ast.Name() | ast.Attribute():
                return self._entry(function, expression, depth)
            case _:
                return frozenset()

    def _entry(self, function: str, expression: ast.expr, depth: int) -> frozenset[float]:
        meaning = self._world.meaning(function, expression)
        for name in (meaning or "", (meaning or "").rpartition(".")[0]):
            entry = self._entries.get(name)
            if entry is not None and entry.value is not None:
                return frozenset({entry.value})
        if isinstance(expression, ast.Name) and depth < MAX_DEPTH:
            return frozenset(
                value
                for binding in self._world.graph.bound(function, expression.id)
                for value in self.of(binding.caller, binding.expression, depth + 1)
            )
        return frozenset()
