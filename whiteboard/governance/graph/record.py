"""What is noted down while one function is read: edges, calls, and what each parameter is given."""

import ast
from typing import TypeAlias

from whiteboard.governance.graph.model import EdgeKind
from whiteboard.governance.graph.slots import NOTHING, Slot, Values
from whiteboard.governance.graph.symbols import (
    ClassSymbol,
    Definition,
    FunctionSymbol,
    ModuleSymbol,
    Outside,
    Variable,
)
from whiteboard.governance.graph.world import World

Node: TypeAlias = ast.expr | ast.stmt | ast.pattern
"""A part of the source that has a place."""

LONGEST_OPAQUE = 4
"""What is given by what is given by … what a foreign function gives is told apart up to this depth."""


class Record:
    """The notes on one function. It may be read several times; the last time counts, for it has seen the most."""

    def __init__(self, world: World, function: FunctionSymbol) -> None:
        self.world = world
        self.function = function
        self.owner: ClassSymbol | None = None
        """The class whose body is being read."""
        self.edges: dict[tuple[str, EdgeKind, int, int], None] = {}
        self.calls: dict[ast.Call, str] = {}
        """Every call, with the reason why it could not be resolved, or nothing."""
        self.bindings: dict[tuple[str, str, int, int], ast.expr] = {}
        self.handed_out: object = None
        """The arguments that were last handed to somebody outside."""
        self.depth = 0
        """How many calls stand for one that is written."""
        self.is_provisional = False
        """Whether it waits for all others to settle before it takes second choices."""
        self._looked_up: dict[tuple[str, int], Definition | None] = {}

    def settle_for(self, best: Values, otherwise: Values) -> Values:
        """The best that is known, and only when nothing better can come any more, something else.

        What once has flowed cannot be taken back, so a second choice must not be made too early.
        """
        if best or self.world.is_settled:
            return best or otherwise
        self.is_provisional = True
        return NOTHING

    def forget(self) -> None:
        """Begins anew."""
        self.edges.clear()
        self.calls.clear()
        self.bindings.clear()

    def read_all(self) -> None:
        """Reads the function from its first statement to its last."""
        raise NotImplementedError

    def read(self, slot: Slot) -> Values:
        """What is in a slot; the function is read again when more comes."""
        slot.readers[self] = None
        return slot.values

    def flow(self, slot: Slot, values: Values) -> None:
        """Values reach a slot."""
        if values:
            self.world.flow(slot, values)

    def edge(self, callee: str, kind: EdgeKind, node: Node) -> None:
        """Notes that the function leads somewhere."""
        self.edges[(callee, kind, node.lineno, node.col_offset)] = None

    def bind(self, callee: str, parameter: str, expression: ast.expr | None, node: Node) -> None:
        """Notes what a parameter is given."""
        if expression is not None:
            self.bindings[(callee, parameter, node.lineno, node.col_offset)] = expression

    def look_up(self, name: str) -> Definition | None:
        """What a bare name means here."""
        key = (name, id(self.owner))
        if key not in self._looked_up:
            self._looked_up[key] = self.world.names.look_up(name, self.function, self.owner)
        return self._looked_up[key]

    def values_of(self, definition: Definition | None) -> Values:
        """What a definition is as a value."""
        pool = self.world.pool
        if isinstance(definition, Variable):
            return self.read(definition.slot)
        if isinstance(definition, FunctionSymbol):
            if definition.wrapped is not None:
                return self.read(definition.wrapped)
            return frozenset([pool.function(definition)])
        if isinstance(definition, ClassSymbol):
            return frozenset([pool.a_class(definition)])
        if isinstance(definition, ModuleSymbol):
            return frozenset([pool.module(definition)])
        if isinstance(definition, Outside):
            return frozenset([pool.foreign(definition.name)])
        return NOTHING if definition is None else self.values_of(self.world.names.follow(definition))

    def foreign_instance(self, name: str) -> Values:
        """An instance of a class from outside, as a set of values."""
        return frozenset([self.world.pool.foreign_instance(name)])

    def opaque(self, name: str, suffix: str) -> Values:
        """Something of an unknown kind that comes from outside, called after where it comes from."""
        if name.count("(") + name.count("[") >= LONGEST_OPAQUE:
            suffix = ""
        return self.foreign_instance(name + suffix)
