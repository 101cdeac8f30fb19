"""Calls that leave the package: what they do with the functions they are given, and what they give back."""

import ast
import builtins
from collections.abc import Callable
from typing import ClassVar

from whiteboard.governance.graph import known
from whiteboard.governance.graph.access import joined
from whiteboard.governance.graph.annotations import MAPPINGS, collection_kind
from whiteboard.governance.graph.calls import Argument, Arguments
from whiteboard.governance.graph.contents import Contents
from whiteboard.governance.graph.model import EdgeKind
from whiteboard.governance.graph.record import Node
from whiteboard.governance.graph.slots import NOTHING, Values
from whiteboard.governance.graph.values import (
    Class,
    Container,
    Foreign,
    ForeignInstance,
    FunctionValue,
    Instance,
    Method,
    Partial,
    Value,
)

_CLASSES = frozenset(
    f"builtins.{name}" for name in dir(builtins) if isinstance(getattr(builtins, name), type)
)
_TEXTS = ("builtins.str.", "builtins.bytes.", "builtins.bytearray.")


class ForeignCalls(Contents):
    """Calls things from outside the package."""

    def call_foreign(self, name: str, given: Arguments, node: Node, kind: EdgeKind) -> Values:
        self.edge(name, kind, node)
        special = self._SPECIAL.get(name)
        if special is not None:
            return special(self, given, node)
        if name in known.SPAWNERS or name.endswith(".start_soon"):
            return self._elsewhere(EdgeKind.SPAWN, given, node)
        if name in known.CALLERS:
            return self._elsewhere(EdgeKind.CALL, given, node)
        if name in known.THREADS:
            return self._elsewhere(EdgeKind.THREAD, given, node)
        if name.endswith(".run_in_executor"):
            return self._elsewhere(EdgeKind.THREAD, given.without(1), node)
        self._run_dunders(name, given, node)
        if name in known.AT_ONCE:
            self._at_once(given, node)
        else:
            self._refer(EdgeKind.THREAD if name in known.THREAD_MAKERS else EdgeKind.REFERENCE, given, node)
        return self._given_back(name, given, node)

    def _elsewhere(self, kind: EdgeKind, given: Arguments, node: Node) -> Values:
        """The first argument is called with those that follow it, in another task or thread."""
        if not given.positional:
            return NOTHING
        rest = given.without(1)
        targets = given.positional[0].values
        if kind is EdgeKind.THREAD:
            rest = Arguments(rest.positional, spread=rest.spread, is_spread=rest.is_spread)
        return self.call(targets, rest, node, kind)

    def _run_dunders(self, name: str, given: Arguments, node: Node) -> None:
        names = known.DUNDERS.get(name)
        arguments = given.all_values()
        if names:
            compared = name in known.COMPARING and len(given.positional) == 1
            self.run_special(self.elements(arguments, node) if compared else arguments, names, node)
        if name in known.ITERATING:
            for each in given.positional:
                self.elements(each.values, node)

    def _at_once(self, given: Arguments, node: Node) -> None:
        functions = given.all_values()
        elements = [
            self.elements(each.values, node)
            for each in given.positional
            if not any(isinstance(value, FunctionValue) for value in each.values)
        ]
        arguments = Arguments(spread=joined(elements), is_spread=True)
        for value in functions:
            if isinstance(value, FunctionValue):
                self.call(frozenset([value]), arguments, node)

    def _refer(self, kind: EdgeKind, given: Arguments, node: Node) -> None:
        """Functions that go outside may be called from there, with what nobody knows."""
        if self.handed_out is given:
            return  # another callee of the same call
        self.handed_out = given
        for value in given.all_values():
            if isinstance(value, FunctionValue):
                self.edge(value.symbol.name, kind, node)
            elif isinstance(value, Container):
                for each in self.everything_in(value):
                    if isinstance(each, FunctionValue):
                        self.edge(each.symbol.name, kind, node)
            elif isinstance(value, Class):
                self._make_outside(value.symbol, node)
            elif isinstance(value, Instance):
                self._refer_instance(value, kind, node)
            elif isinstance(value, Partial):
                self.call(frozenset([value]), Arguments(), node)

    def _refer_instance(self, value: Instance, kind: EdgeKind, node: Node) -> None:
        for _, definition in self.world.classes.find(value.symbol, "__call__", exact=value.exact).definitions:
            name = getattr(definition, "name", None)
            if name in self.world.symbols.functions:
                self.edge(str(name), kind, node)

    def _given_back(self, name: str, given: Arguments, node: Node) -> Values:
        if name in known.SAME:
            return given.all_values()
        if name in known.ELEMENTS:
            return self._one_of(given, node)
        if name in known.COPIES or collection_kind(name):
            return self._copied(name, given, node)
        if name in known.RESULTS:
            return self.foreign_instance(known.RESULTS[name])
        if name.startswith(_TEXTS):
            return self._text(name, node)
        last = name.rpartition(".")[2]
        if name in _CLASSES or last[:1].isupper():
            return self.foreign_instance(name)
        return self.opaque(name, "()")

    def _one_of(self, given: Arguments, node: Node) -> Values:
        if len(given.positional) == 1 or all(
            isinstance(value, Container) for value in (given.positional[0].values if given.positional else ())
        ):
            first = self.elements(given.positional[0].values, node) if given.positional else NOTHING
            return joined([first, *(each.values for each in given.positional[1:])])
        return joined(each.values for each in given.positional)

    def _copied(self, name: str, given: Arguments, node: Node) -> Values:
        """A collection made of another one."""
        if name.rpartition(".")[2] in MAPPINGS:
            return self._mapping(name, given, node)
        items = joined(self.elements(each.values, node) for each in given.positional)
        if name == "itertools.chain.from_iterable":
            items = self.elements(items, node)
        if name == "contextvars.ContextVar" and "default" in given.keywords:
            items |= given.keywords["default"].values
        return self.filled(node, name, items)

    def _mapping(self, name: str, given: Arguments, node: Node) -> Values:
        keys = items = NOTHING
        for each in given.positional:
            for value in each.values:
                if isinstance(value, Container) and value.type_name.rpartition(".")[2] in MAPPINGS:
                    keys |= self.read(value.keys)
                    items |= self.read(value.items)
                elif isinstance(value, Container):
                    keys |= self.part(self.everything_in(value), 0, node)
                    items |= self.part(self.everything_in(value), 1, node)
        if name.endswith("defaultdict") and given.positional:
            items |= self.call(given.positional[0].values, Arguments(), node)
        items |= joined(each.values for each in given.keywords.values())
        return self.filled(node, name, items, keys)

    def _text(self, name: str, node: Node) -> Values:
        kind, _, method = name.rpartition(".")
        if method in known.SPLITTING:
            return self.filled(node, "builtins.list", self.foreign_instance(kind))
        if method == "encode":
            return self.foreign_instance("builtins.bytes")
        if method == "decode":
            return self.foreign_instance("builtins.str")
        return self.foreign_instance(kind if method in known.TEXT_METHODS else "builtins.int")

    def with_arguments(self, given: Arguments, node: Node) -> Values:
        """The first argument with the others taken, as `functools.partial` gives it."""
        if not given.positional:
            return NOTHING
        rest = given.without(1)
        result: set[Value] = set()
        for value in given.positional[0].values:
            called = (
                self.member(frozenset([value]), "__call__", node) if isinstance(value, Instance) else (value,)
            )
            result.update(self._taken(each, rest, node) for each in called)
        return frozenset(result)

    def _taken(self, value: Value, given: Arguments, node: Node) -> Value:
        if isinstance(value, FunctionValue):
            self.give(value.symbol, value.bound, given, node)
            written = sum(each.expression is not None for each in given.positional)
            return self.world.pool.function(value.symbol, value.bound + written)
        if isinstance(value, Foreign | ForeignInstance | Method):
            return self._taken_outside(value, given, node)
        return value

    def _taken_outside(self, value: Value, given: Arguments, node: Node) -> Value:
        made = self.world.pool.partial(node, value, len(given.positional), tuple(given.keywords))
        for slot, argument in zip(made.positional, given.positional, strict=False):
            self.flow(slot, argument.values)
        for name, slot in made.keywords.items():
            self.flow(slot, given.keywords[name].values)
        return made

    def _closing(self, given: Arguments, node: Node, method: str = "close") -> Values:
        """`closing` runs this method of what it is given at the end of the block."""
        if not given.positional:
            return NOTHING
        held = given.positional[0].values
        made = self.world.pool.container(node, "contextlib.AbstractContextManager")
        self.flow(made.items, held)
        self.flow(made.sources, self.member(held, method, node))
        return frozenset([made])

    def _closing_later(self, given: Arguments, node: Node) -> Values:
        return self._closing(given, node, "aclose")

    def _cached(self, given: Arguments, node: Node) -> Values:
        """`lru_cache`, with a function or with the size alone."""
        _ = node
        functions = frozenset(each for each in given.all_values() if isinstance(each, FunctionValue))
        return functions or self.foreign_instance("functools.lru_cache()")

    def _getattr(self, given: Arguments, node: Node) -> Values:
        result = joined(each.values for each in given.positional[2:])
        name = given.positional[1].expression if len(given.positional) > 1 else None
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            result |= self.member(given.positional[0].values, name.value, node)
        return result

    def _setattr(self, given: Arguments, node: Node) -> Values:
        if len(given.positional) == 3:
            name = given.positional[1].expression
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                self.assign_member(given.positional[0].values, name.value, given.positional[2].values, node)
        return NOTHING

    def _type(self, given: Arguments, node: Node) -> Values:
        _ = node
        result: set[Value] = set()
        for value in given.positional[0].values if given.positional else ():
            if isinstance(value, Instance):
                result.add(self.world.pool.a_class(value.symbol, exact=value.exact))
            elif isinstance(value, ForeignInstance):
                result.add(self.world.pool.foreign(value.name))
        return frozenset(result)

    def _super(self, given: Arguments, node: Node) -> Values:
        _ = given, node
        scope = self.function
        while scope.owner is None and scope.outer is not None:
            scope = scope.outer
        return NOTHING if scope.owner is None else frozenset([self.world.pool.a_super(scope.owner)])

    def _cast(self, given: Arguments, node: Node) -> Values:
        _ = node
        if len(given.positional) < 2:
            return NOTHING
        declared = self.world.annotations.read(given.positional[0].expression, self.place())
        return declared.values | (given.positional[1].values if declared.is_open else NOTHING)

    def _isinstance(self, given: Arguments, node: Node) -> Values:
        """Asks `__instancecheck__` of nobody; what it means is seen where it narrows."""
        _ = given, node
        return self.foreign_instance("builtins.bool")

    def _channel(self, given: Arguments, node: Node) -> Values:
        _ = given
        return self.channel(node, NOTHING)

    def channel(self, node: Node, items: Values) -> Values:
        """The two ends of a memory channel, which hold the same."""
        sending = self.world.pool.container(node, "trio.MemorySendChannel")
        self.flow(sending.items, items)
        receiving = self.world.pool.container(node, "trio.MemoryReceiveChannel", items=sending.items)
        return self.paired(node, frozenset([sending]), frozenset([receiving]))

    def _reference(self, given: Arguments, node: Node) -> Values:
        self._refer(EdgeKind.REFERENCE, Arguments(given.positional[1:]), node)
        return self.filled(node, "weakref.ref", joined(each.values for each in given.positional[:1]))

    def _enumerate(self, given: Arguments, node: Node) -> Values:
        items = self.elements(joined(each.values for each in given.positional[:1]), node)
        return self.filled(
            node, "typing.Iterator", self.paired(node, self.foreign_instance("builtins.int"), items)
        )

    def _zip(self, given: Arguments, node: Node) -> Values:
        parts = [self.elements(each.values, node) for each in given.positional]
        return self.filled(node, "typing.Iterator", self.paired(node, *parts))

    def _map(self, given: Arguments, node: Node) -> Values:
        if not given.positional:
            return NOTHING
        elements = [self.elements(each.values, node) for each in given.positional[1:]]
        arguments = Arguments(tuple(Argument(None, values) for values in elements))
        return self.filled(node, "typing.Iterator", self.call(given.positional[0].values, arguments, node))

    def _property(self, given: Arguments, node: Node) -> Values:
        self._refer(EdgeKind.REFERENCE, given, node)
        return NOTHING

    def _field(self, given: Arguments, node: Node) -> Values:
        """`attrs.field` and the like in a class's body: its constructor runs these functions."""
        result: Values = NOTHING
        makers: Values = NOTHING
        for name in ("factory", "default_factory", "converter", "validator", "on_setattr"):
            if name in given.keywords:
                values = given.keywords[name].values
                makers |= frozenset(each for each in values if isinstance(each, FunctionValue))
                if name.endswith("factory"):
                    result |= self.call(values, Arguments(), node)
        if "default" in given.keywords:
            result |= given.keywords["default"].values
        if self.owner is not None:
            self.flow(self.owner.makers, makers)
        return result

    def _factory(self, given: Arguments, node: Node) -> Values:
        return (
            self._field(Arguments(keywords={"factory": given.positional[0]}), node)
            if given.positional
            else NOTHING
        )

    def _new_type(self, given: Arguments, node: Node) -> Values:
        _ = given, node
        return frozenset([self.world.pool.foreign("typing.NewType()")])

    def _replace(self, given: Arguments, node: Node) -> Values:
        """A copy of a value with some of its fields changed; its constructor runs."""
        if not given.positional:
            return NOTHING
        values = given.positional[0].values
        classes = frozenset(
            self.world.pool.a_class(each.symbol) for each in values if isinstance(each, Instance)
        )
        self.call(classes, given.without(1), node)
        return values

    def _as_given(self, given: Arguments, node: Node) -> Values:
        _ = node
        return given.all_values()

    _SPECIAL: ClassVar[dict[str, Callable[..., Values]]] = {
        "functools.partial": with_arguments,
        "functools.partialmethod": with_arguments,
        "functools.lru_cache": _cached,
        "contextlib.closing": _closing,
        "contextlib.aclosing": _closing_later,
        "builtins.getattr": _getattr,
        "builtins.setattr": _setattr,
        "builtins.type": _type,
        "builtins.super": _super,
        "builtins.isinstance": _isinstance,
        "builtins.issubclass": _isinstance,
        "builtins.enumerate": _enumerate,
        "builtins.zip": _zip,
        "builtins.map": _map,
        "builtins.property": _property,
        "builtins.staticmethod": _as_given,
        "typing.cast": _cast,
        "typing.NewType": _new_type,
        "typing.NewType()": _as_given,
        "trio.open_memory_channel": _channel,
        "weakref.ref": _reference,
        "dataclasses.replace": _replace,
        "attrs.evolve": _replace,
        "attr.evolve": _replace,
        "copy.replace": _replace,
        "msgspec.structs.replace": _replace,
        "weakref.WeakMethod": _reference,
        "attrs.field": _field,
        "attr.ib": _field,
        "attr.field": _field,
        "dataclasses.field": _field,
        "msgspec.field": _field,
        "attrs.Factory": _factory,
        "attr.Factory": _factory,
    }
