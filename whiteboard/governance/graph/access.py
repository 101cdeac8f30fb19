"""Attributes: what `value.name` may be, and what reading it runs."""

from collections.abc import Callable, Iterable
from typing import ClassVar

from whiteboard.governance.graph.classes import Found
from whiteboard.governance.graph.model import EdgeKind
from whiteboard.governance.graph.record import Node, Record
from whiteboard.governance.graph.slots import MOST_LOOSE, NOTHING, Slot, Values
from whiteboard.governance.graph.symbols import ClassSymbol, Definition, FunctionSymbol, Outside, Variable
from whiteboard.governance.graph.values import (
    Class,
    Container,
    Foreign,
    ForeignInstance,
    FunctionValue,
    Instance,
    Method,
    Module,
    Partial,
    Super,
    Value,
)

PROPERTIES = frozenset(("property", "cached_property", "abstractproperty", "async_cached_property"))
MOST_DOTS = 12
"""A dotted name from outside that is longer is cut, so that `node = node.next` comes to an end."""

_OF_OBJECT = frozenset(dir(object))
_ENUMS = frozenset(("enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag"))


def joined(sets: Iterable[Values]) -> Values:
    """All the values of several sets."""
    result: Values = NOTHING
    several: set[Value] | None = None
    for each in sets:
        if several is not None:
            several |= each
        elif not result:
            result = each
        elif not each <= result:
            several = {*result, *each}
    if several is None:
        return result
    return _without_surplus(several) if len(several) > MOST_LOOSE else frozenset(several)


def _without_surplus(values: set[Value]) -> Values:
    """Of foreign values and collections no more than a place would hold."""
    loose = sorted(each for each in values if not isinstance(each, FunctionValue | Class | Instance))
    return frozenset(values.difference(loose[MOST_LOOSE:]))


def is_enum(symbol: ClassSymbol) -> bool:
    """Whether the names in a class's body are its instances."""
    return any(isinstance(each, Outside) and each.name in _ENUMS for each in symbol.mro)


class Access(Record):
    """Reads and assigns attributes."""

    def member(self, values: Values, name: str, node: Node) -> Values:
        """What `name` is on each of the values."""
        return joined(self._member(value, name, node) for value in values)

    def bound(self, receiver: Value, definition: Definition, owner: ClassSymbol | None, node: Node) -> Values:
        """What a class's definition is when it is read on an instance."""
        if isinstance(definition, FunctionSymbol):
            return self._bound_function(receiver, definition, node)
        values = self.values_of(definition)
        if owner is not None and _is_plain(definition):
            values = frozenset(self._as_method(value) for value in values)
        return self._described(values, node)

    def assign_member(self, receivers: Values, name: str, values: Values, node: Node) -> None:
        """`receiver.name = value`, through properties and descriptors as well."""
        for receiver in receivers:
            if isinstance(receiver, Instance | Class):
                self._assign(receiver, name, values, node)
            elif isinstance(receiver, Foreign | ForeignInstance):
                self._hand_over(values, node)

    def escape(self, symbol: ClassSymbol, node: Node) -> None:
        """An instance comes into the hands of its base from outside, which may call what the class overrides."""
        for name in self.world.classes.hooks(symbol):
            self.edge(name, EdgeKind.REFERENCE, node)

    def _hand_over(self, values: Values, node: Node) -> None:
        """Something from outside keeps the values, and may call them."""
        for value in values:
            if isinstance(value, FunctionValue):
                self.edge(value.symbol.name, EdgeKind.REFERENCE, node)
            elif isinstance(value, Class):
                self._make_outside(value.symbol, node)

    def _make_outside(self, symbol: ClassSymbol, node: Node) -> None:
        """A class is made into instances by somebody outside."""
        self.escape(symbol, node)
        for _, definition in self.world.classes.find(symbol, "__init__", exact=True).definitions:
            if isinstance(definition, FunctionSymbol):
                self.edge(definition.name, EdgeKind.REFERENCE, node)

    def returned(self, function: FunctionSymbol) -> Values:
        """What is known of the result, without regard to the arguments."""
        pool = self.world.pool
        if function.decorators & {"contextmanager", "asynccontextmanager"}:
            kind = "contextlib.AbstractContextManager"
            return frozenset([pool.container(function, kind, items=function.yields, source=function)])
        if function.is_generator:
            return frozenset(
                [pool.container(function, "typing.Generator", items=function.yields, source=function)]
            )
        return self.read(function.returns)

    def _member(self, value: Value, name: str, node: Node) -> Values:
        return self._MEMBERS[type(value)](self, value, name, node)

    def _of_instance(self, value: Instance, name: str, node: Node) -> Values:
        found = self.world.classes.find(value.symbol, name, exact=value.exact)
        if found.definitions:
            return joined(
                self.bound(value, definition, owner, node) for owner, definition in found.definitions
            )
        if name == "__class__":
            return frozenset([self.world.pool.a_class(value.symbol, exact=value.exact)])
        return self._missing(value, found, name, node)

    def _missing(self, value: Instance, found: Found, name: str, node: Node) -> Values:
        asked = self.world.classes.find(value.symbol, "__getattr__", exact=value.exact)
        result: Values = NOTHING
        for _, definition in asked.definitions:
            if isinstance(definition, FunctionSymbol):
                self.edge(definition.name, EdgeKind.PROPERTY, node)
                result |= self.returned(definition)
        if result or not (found.outside or name in _OF_OBJECT):
            return result
        outside = found.outside or ("builtins.object",)
        return frozenset(self.world.pool.foreign(f"{base}.{name}") for base in outside)

    def _bound_function(self, receiver: Value, function: FunctionSymbol, node: Node) -> Values:
        if function.decorators & PROPERTIES:
            self.edge(function.name, EdgeKind.PROPERTY, node)
            return self.returned(function)
        if "staticmethod" in function.decorators:
            return self.values_of(function)
        if function.wrapped is None:
            return frozenset([self.world.pool.function(function, 1)])
        result = frozenset(self._as_method(value) for value in self.values_of(function))
        for value in result:
            if isinstance(value, FunctionValue) and value.symbol.owner is None:
                self._give_receiver(value.symbol, receiver)
        return self._described(result, node)

    def _give_receiver(self, function: FunctionSymbol, receiver: Value) -> None:
        arguments = function.arguments
        positional = [*arguments.posonlyargs, *arguments.args] if arguments else []
        if positional:
            first = function.names.get(positional[0].arg)
            if isinstance(first, Variable):
                self.flow(first.slot, frozenset([receiver]))
        elif arguments and arguments.vararg:
            gathered = function.names.get(arguments.vararg.arg)
            if isinstance(gathered, Variable):
                for each in gathered.slot.values:
                    if isinstance(each, Container):
                        self.flow(each.parts[0] if each.parts else each.items, frozenset([receiver]))

    def _as_method(self, value: Value) -> Value:
        if isinstance(value, FunctionValue) and "staticmethod" not in value.symbol.decorators:
            return self.world.pool.function(value.symbol, value.bound + 1)
        return value

    def _described(self, values: Values, node: Node) -> Values:
        """Where the value is a descriptor, what its `__get__` gives."""
        result = values
        for value in values:
            if isinstance(value, Instance):
                for _, getter in self.world.classes.find(value.symbol, "__get__", exact=True).definitions:
                    if isinstance(getter, FunctionSymbol):
                        self.edge(getter.name, EdgeKind.PROPERTY, node)
                        result = (result - {value}) | self.returned(getter)
        return result

    def _of_class(self, value: Class, name: str, node: Node) -> Values:
        symbol = value.symbol
        found = self.world.classes.find(symbol, name, exact=value.exact)
        result: Values = NOTHING
        for _, definition in found.definitions:
            if isinstance(definition, FunctionSymbol):
                taken = 1 if "classmethod" in definition.decorators else 0
                result |= frozenset([self.world.pool.function(definition, taken)])
            elif isinstance(definition, Variable) and is_enum(symbol):
                result |= frozenset([self.world.pool.instance(symbol, exact=True)])
            else:
                result |= self.values_of(definition)
        if found.definitions:
            return result
        if found.outside and name not in _OF_OBJECT and not is_enum(symbol):
            self._make_outside(symbol, node)
        outside = found.outside or ("builtins.type",)
        return frozenset(self.world.pool.foreign(f"{base}.{name}") for base in outside)

    def _of_super(self, value: Super, name: str, node: Node) -> Values:
        found = self.world.classes.find_above(value.symbol, name)
        receiver = self.world.pool.instance(value.symbol)
        if found.definitions:
            return joined(
                self.bound(receiver, definition, owner, node) for owner, definition in found.definitions
            )
        outside = found.outside or ("builtins.object",)
        return frozenset(self.world.pool.foreign(f"{base}.{name}") for base in outside)

    def _of_module(self, value: Module, name: str, node: Node) -> Values:
        _ = node
        return self.values_of(self.world.names.member(value.symbol, name))

    def _of_foreign(self, value: Foreign, name: str, node: Node) -> Values:
        _ = node
        return frozenset([self.world.pool.foreign(_longer(value.name, name))])

    def _of_foreign_instance(self, value: ForeignInstance, name: str, node: Node) -> Values:
        result: Values = frozenset([self.world.pool.foreign(_longer(value.name, name))])
        for symbol in self.world.classes.below_outside(value.name):
            definition = symbol.names.get(name) or symbol.on_instances.get(name)
            if definition is not None:
                result |= self.bound(self.world.pool.instance(symbol), definition, symbol, node)
        return result

    def _of_container(self, value: Container, name: str, node: Node) -> Values:
        _ = node
        return frozenset([self.world.pool.method(value, name)])

    def _of_callable(self, value: Value, name: str, node: Node) -> Values:
        _ = value, node
        return frozenset([self.world.pool.foreign(f"builtins.function.{name}")])

    def _assign(self, receiver: Instance | Class, name: str, values: Values, node: Node) -> None:
        symbol = receiver.symbol
        found = self.world.classes.find(symbol, name, exact=receiver.exact)
        slots: list[Slot] = []
        for owner, definition in found.definitions:
            if isinstance(definition, Variable):
                slots.append(definition.slot)
            if name in owner.setters:
                self._set(owner.setters[name], values, node)
        for slot in slots:
            self.flow(slot, values)
        self._run_setters(receiver, slots, values, node)

    def _set(self, setter: FunctionSymbol, values: Values, node: Node) -> None:
        self.edge(setter.name, EdgeKind.PROPERTY, node)
        arguments = setter.arguments
        if arguments and len(arguments.args) > 1:
            parameter = setter.names.get(arguments.args[1].arg)
            if isinstance(parameter, Variable):
                self.flow(parameter.slot, values)

    def _run_setters(self, receiver: Instance | Class, slots: list[Slot], values: Values, node: Node) -> None:
        """`__setattr__` of the instance, and `__set__` of what stands in its class."""
        if isinstance(receiver, Instance):
            for _, setter in self.world.classes.find(
                receiver.symbol, "__setattr__", exact=receiver.exact
            ).definitions:
                if isinstance(setter, FunctionSymbol):
                    self.edge(setter.name, EdgeKind.PROPERTY, node)
        for slot in slots:
            for value in self.read(slot) - values:
                if isinstance(value, Instance):
                    for _, setter in self.world.classes.find(value.symbol, "__set__", exact=True).definitions:
                        if isinstance(setter, FunctionSymbol):
                            self.edge(setter.name, EdgeKind.PROPERTY, node)

    _MEMBERS: ClassVar[dict[type[Value], Callable[..., Values]]] = {
        Instance: _of_instance,
        Class: _of_class,
        Super: _of_super,
        Module: _of_module,
        Foreign: _of_foreign,
        ForeignInstance: _of_foreign_instance,
        Container: _of_container,
        FunctionValue: _of_callable,
        Method: _of_callable,
        Partial: _of_callable,
    }


def _is_plain(definition: Definition) -> bool:
    """Whether it is assigned in the class's body, and no field: a function there becomes a method."""
    return isinstance(definition, Variable) and definition.annotation is None and not definition.on_instance


def _longer(name: str, attribute: str) -> str:
    return name if name.count(".") >= MOST_DOTS else f"{name}.{attribute}"
