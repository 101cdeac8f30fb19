"""All that is known while a graph is built, and the queue of functions that have to be read again."""

import ast
from collections import deque
from typing import TYPE_CHECKING

from whiteboard.governance.graph.annotations import (
    Annotations,
    Declared,
    Place,
    collection_kind,
    container_in,
    declare,
)
from whiteboard.governance.graph.classes import Classes
from whiteboard.governance.graph.definitions import all_arguments
from whiteboard.governance.graph.layouts import Layout
from whiteboard.governance.graph.names import Names, arrange_classes
from whiteboard.governance.graph.slots import MOST_LOOSE, MOST_VALUES, Slot, Values, words
from whiteboard.governance.graph.symbols import ClassSymbol, Definition, FunctionSymbol, Symbols, Variable
from whiteboard.governance.graph.values import Class, Container, FunctionValue, Instance, Pool, Value

if TYPE_CHECKING:
    from whiteboard.governance.graph.record import Record

DEEPEST_POUR = 4
"""How deep one collection within another is poured into what was declared."""

TOLD_APART = 8
"""As many of the arguments that `*arguments` gathers are told apart by their place."""

HARMLESS = words(
    "property cached_property staticmethod classmethod abstractmethod override final contextmanager setter getter "
    "asynccontextmanager lru_cache cache deleter wraps no_type_check validator default dataclass_transform"
)
"""Decorators that leave the function behind its name, or of which the graph knows what they make of it."""

_ON_CLASS = ("__new__", "__init_subclass__", "__class_getitem__")


class World:
    """The symbols of a package and the values that have been found so far."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.names = Names(symbols)
        arrange_classes(symbols, self.names)
        self.pool = Pool()
        self.annotations = Annotations(self.names, self.pool)
        self.classes = Classes(symbols, self.names)
        self.lambdas: dict[ast.Lambda, FunctionSymbol] = {}
        self.defined: dict[ast.AST, FunctionSymbol] = {each.node: each for each in symbols.functions.values()}
        self.defined_classes = {each.node: each for each in symbols.classes.values()}
        self.readings: dict[FunctionSymbol, Record] = {}
        self.is_settled = False
        """Whether nothing grew any more, so that second choices may be made."""
        self.layouts: dict[FunctionSymbol, Layout] = {}
        self.type_variables: dict[FunctionSymbol, frozenset[str]] = {}
        self._waiting: deque[Record] = deque()
        self._queued: set[Record] = set()
        for function in list(symbols.functions.values()):
            self.declare_function(function)
        for owner in symbols.classes.values():
            self._declare_class(owner)

    def schedule(self, body: "Record") -> None:
        """Has a function read again, once."""
        if body not in self._queued:
            self._queued.add(body)
            self._waiting.append(body)

    def run(self) -> None:
        """Reads whatever waits, until nothing grows any more; then second choices are made, and what follows is read."""
        self._run()
        self.is_settled = True
        for reading in self.readings.values():
            if reading.is_provisional:
                self.schedule(reading)
        self._run()

    def _run(self) -> None:
        while (reading := self._next()) is not None:
            reading.read_all()

    def _next(self) -> "Record | None":
        """The function that has waited longest."""
        if not self._waiting:
            return None
        body = self._waiting.popleft()
        self._queued.discard(body)
        return body

    def flow(self, slot: Slot, values: Values) -> None:
        """Values reach a slot; whoever has read it looks again."""
        if slot.closed:
            self._pour(slot, values, 0)
        elif not values <= slot.values and len(slot.values) < MOST_VALUES:
            if len(slot.values) >= MOST_LOOSE:
                values = frozenset(
                    each for each in values if isinstance(each, FunctionValue | Class | Instance)
                )
                if values <= slot.values:
                    return
            slot.values |= values
            for body in slot.readers:
                self.schedule(body)

    def _pour(self, slot: Slot, values: Values, depth: int) -> None:
        """A collection that comes to where one was declared fills the declared one."""
        declared = [each for each in slot.values if isinstance(each, Container)]
        if not declared or depth > DEEPEST_POUR:
            return
        self._admit(slot, frozenset(each for each in values if isinstance(each, Instance)))
        for value in values:
            if isinstance(value, Container):
                for into in declared:
                    if into is not value:
                        self._pour_over(value, into, depth)

    def _admit(self, slot: Slot, instances: Values) -> None:
        """Where a collection or context is declared, an instance of a class that behaves as one may come as well."""
        if not instances <= slot.values:
            slot.values |= instances
            for body in slot.readers:
                self.schedule(body)

    def _pour_over(self, source: Container, into: Container, depth: int) -> None:
        if len(source.parts) == len(into.parts):
            for given, taken in zip(source.parts, into.parts, strict=True):
                self._into(taken, given, depth)
        for part in source.parts if not into.parts else ():
            self._into(into.items, part, depth)
        self._into(into.items, source.items, depth)
        self._into(into.keys, source.keys, depth)
        self._into(into.sources, source.sources, depth)

    def _into(self, slot: Slot, source: Slot, depth: int) -> None:
        """What is in one slot now goes into another; what comes later is poured when its reader looks again."""
        if slot is source:
            return
        if slot.closed:
            self._pour(slot, source.values, depth + 1)
        else:
            self.flow(slot, source.values)

    def declare_function(self, function: FunctionSymbol) -> None:
        """Gives a function's parameters, variables and results what their annotations say."""
        arguments = function.arguments
        if arguments is not None:
            self._declare_parameters(function, arguments)
        skipped = {each.arg for each in all_arguments(arguments)} if arguments else set()
        self._declare_variables(function.names, Place(function), skipped)
        self._declare_result(function)
        if function.decorators - HARMLESS:
            function.wrapped = Slot()

    def _declare_parameters(self, function: FunctionSymbol, arguments: ast.arguments) -> None:
        place = Place(function.outer or function, function.owner)
        for argument in all_arguments(arguments):
            variable = function.names.get(argument.arg)
            if not isinstance(variable, Variable):
                continue
            declared = self.annotations.read(argument.annotation, place)
            if argument is arguments.vararg:
                declared = self._gathered(argument, "builtins.tuple", declared)
            elif argument is arguments.kwarg:
                declared = self._gathered(argument, "builtins.dict", declared)
            declare(variable.slot, declared)
        self._declare_receiver(function, arguments)

    def _gathered(self, argument: ast.arg, kind: str, item: Declared) -> Declared:
        made = self.pool.container(argument, kind, parts=TOLD_APART if kind == "builtins.tuple" else 0)
        for slot in (made.items, *made.parts):
            declare(slot, item)
        return Declared(frozenset([made]))

    def _declare_receiver(self, function: FunctionSymbol, arguments: ast.arguments) -> None:
        positional = [*arguments.posonlyargs, *arguments.args]
        if function.owner is None or not positional or not function.is_method:
            return
        receiver = function.names.get(positional[0].arg)
        if isinstance(receiver, Variable):
            receiver.slot = Slot(frozenset([self._receiver(function, function.owner)]), closed=True)

    def _receiver(self, function: FunctionSymbol, owner: ClassSymbol) -> Value:
        on_class = "classmethod" in function.decorators or getattr(function.node, "name", "") in _ON_CLASS
        return self.pool.a_class(owner, exact=False) if on_class else self.pool.instance(owner)

    def _declare_variables(self, names: dict[str, Definition], place: Place, skipped: set[str]) -> None:
        for name, variable in names.items():
            if isinstance(variable, Variable) and variable.annotation is not None and name not in skipped:
                declare(variable.slot, self.annotations.read(variable.annotation, place))

    def _declare_class(self, owner: ClassSymbol) -> None:
        place = Place(owner.scope, owner)
        self._declare_variables(owner.names, place, set())
        for variable in owner.on_instances.values():
            if variable.annotation is not None:
                within = Place(variable.scope or owner.scope, owner)
                declare(variable.slot, self.annotations.read(variable.annotation, within))

    def _declare_result(self, function: FunctionSymbol) -> None:
        node = function.node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        declared = self.annotations.read(node.returns, Place(function.outer or function, function.owner))
        made = container_in(declared.values)
        if not function.is_generator:
            declare(function.returns, declared)
        elif made is not None and collection_kind(made.type_name) == "collection":
            function.yields = made.items
