"""Collections, iteration and the special methods behind operators."""

from collections.abc import Iterable

from whiteboard.governance.graph import known
from whiteboard.governance.graph.access import joined
from whiteboard.governance.graph.annotations import CALLABLE, MAPPINGS
from whiteboard.governance.graph.calls import Argument, Arguments, Calls
from whiteboard.governance.graph.model import EdgeKind
from whiteboard.governance.graph.record import Node
from whiteboard.governance.graph.slots import NOTHING, Values, words
from whiteboard.governance.graph.symbols import FunctionSymbol
from whiteboard.governance.graph.values import (
    Class,
    Container,
    Foreign,
    ForeignInstance,
    FunctionValue,
    Instance,
    Method,
    Value,
)

_TAKING = words(
    "get pop popleft receive receive_nowait get_nowait __getitem__ __next__ __anext__ asend anext send setdefault"
)
_PUTTING = words("append appendleft add put put_nowait send send_nowait set")
_EXTENDING = words("extend extendleft update")
_RUNNING = words("send asend __next__ __anext__ throw athrow aclose close")
_SAME = words("copy clone union intersection difference __iter__ __aiter__ fromkeys")
_CONTEXTS = words("AbstractContextManager AbstractAsyncContextManager ContextManager AsyncContextManager")


def is_mapping(container: Container) -> bool:
    """Whether it has keys."""
    return container.type_name.rpartition(".")[2] in MAPPINGS


class Contents(Calls):
    """Looks into collections, and runs special methods."""

    def run_special(
        self, values: Values, names: Iterable[str], node: Node, given: Arguments | None = None
    ) -> Values:
        """Runs the first of the special methods that the class of each value has in the package."""
        result: Values = NOTHING
        arguments = given or Arguments()
        for value in values:
            if isinstance(value, Instance):
                result |= self._special(value, names, arguments, node)
        return result

    def _special(self, value: Instance, names: Iterable[str], given: Arguments, node: Node) -> Values:
        for name in names:
            found = self.world.classes.find(value.symbol, name, exact=value.exact).definitions
            methods = [definition for _, definition in found if isinstance(definition, FunctionSymbol)]
            if methods:
                bound = joined(self.bound(value, method, method.owner, node) for method in methods)
                return self.call(bound, given, node)
        return NOTHING

    def elements(self, values: Values, node: Node) -> Values:
        """What a loop over the values gives; the functions that this runs are noted."""
        return joined(self._elements(value, node) for value in values)

    def _elements(self, value: Value, node: Node) -> Values:
        if isinstance(value, Container):
            self.run_on(value, node)
            return self.read(value.keys) if is_mapping(value) else self.everything_in(value)
        if isinstance(value, Instance):
            return self._elements_of_instance(value, node)
        if isinstance(value, Class):
            return frozenset([self.world.pool.instance(value.symbol, exact=True)])  # an enum's members
        if isinstance(value, ForeignInstance):
            if value.name in ("builtins.str", "builtins.int"):
                return frozenset([value])
            if value.name in ("builtins.bytes", "builtins.bytearray"):
                return self.foreign_instance("builtins.int")
            return self.opaque(value.name, "[]")
        return self.opaque(value.name, "[]") if isinstance(value, Foreign) else NOTHING

    def run_on(self, value: Container, node: Node) -> None:
        """Runs the generators behind a collection, or what a context manager runs at its end."""
        for source in self.read(value.sources):
            if isinstance(source, FunctionValue):
                self.edge(source.symbol.name, EdgeKind.CALL, node)
            elif isinstance(source, Foreign):
                self.edge(source.name, EdgeKind.CALL, node)

    def _elements_of_instance(self, value: Instance, node: Node) -> Values:
        one = frozenset([value])
        iterators = self.run_special(one, ("__iter__", "__aiter__"), node)
        if not iterators:
            fields = self.world.classes.fields(value.symbol)
            return joined(self.read(variable.slot) for _, variable in fields) or self.run_special(
                one, ("__getitem__", "__next__"), node
            )
        result: Values = NOTHING
        for iterator in iterators:
            if isinstance(iterator, Instance):
                result |= self.run_special(frozenset([iterator]), ("__next__", "__anext__"), node)
            else:
                result |= self._elements(iterator, node)
        return result

    def part(self, values: Values, index: int, node: Node) -> Values:
        """The element of each value that stands at one position; negative ones count from the end."""
        return joined(self._part(value, index, node) for value in values)

    def _part(self, value: Value, index: int, node: Node) -> Values:
        if isinstance(value, Container) and value.parts:
            inside = -len(value.parts) <= index < len(value.parts)
            return self.read(value.parts[index]) if inside else NOTHING
        if (
            isinstance(value, Instance)
            and not self.world.classes.find(value.symbol, "__iter__", exact=True).definitions
        ):
            fields = self.world.classes.fields(value.symbol)
            if -len(fields) <= index < len(fields):
                return self.read(fields[index][1].slot)
        return self._elements(value, node)

    def item(self, values: Values, node: Node, index: int | None, key: Values) -> Values:
        """`value[key]`."""
        result: Values = NOTHING
        for value in values:
            if isinstance(value, Container):
                result |= self._item_of(value, index)
            elif isinstance(value, ForeignInstance):
                text = value.name in ("builtins.str", "builtins.bytes")
                result |= frozenset([value]) if text else self.opaque(value.name, "[]")
        given = Arguments((Argument(None, key),))
        return result | self.run_special(values, ("__getitem__",), node, given)

    def _item_of(self, value: Container, index: int | None) -> Values:
        if index is not None and value.parts and -len(value.parts) <= index < len(value.parts):
            return self.read(value.parts[index])
        return self.everything_in(value)

    def put_item(self, values: Values, key: Values, item: Values, node: Node) -> None:
        """`value[key] = item`."""
        for value in values:
            if isinstance(value, Container):
                self.flow(value.keys, key)
                self.flow(value.items, item)
        given = Arguments((Argument(None, key), Argument(None, item)))
        self.run_special(values, ("__setitem__",), node, given)

    def call_method(self, method: Method, given: Arguments, node: Node, kind: EdgeKind) -> Values:
        container = method.receiver
        self.edge(f"{container.type_name}.{method.name}", kind, node)
        if method.name in _RUNNING:
            self.run_on(container, node)
        self._put(method, given, node)
        return self._taken_from(method, given, node)

    def _put(self, method: Method, given: Arguments, node: Node) -> None:
        container, name = method.receiver, method.name
        values = [each.values for each in given.positional]
        if name == "setdefault" and len(values) > 1:
            self.flow(container.keys, values[0])
            self.flow(container.items, values[1])
        elif name == "insert" and len(values) > 1:
            self.flow(container.items, values[1])
        elif name in _EXTENDING:
            for each in values:
                self._extend(container, each, node)
        elif name in _PUTTING and values and container.type_name != CALLABLE:
            self.flow(container.items, values[0])
        elif name == "sort" and "key" in given.keywords:
            elements = Arguments((Argument(None, self.read(container.items)),))
            self.call(given.keywords["key"].values, elements, node)
        if name == "sort":
            self.run_special(self.read(container.items), ("__lt__",), node)

    def _extend(self, container: Container, values: Values, node: Node) -> None:
        if is_mapping(container):
            for value in values:
                if isinstance(value, Container):
                    self.flow(container.keys, self.read(value.keys))
                    self.flow(container.items, self.read(value.items))
        else:
            self.flow(container.items, self.elements(values, node))

    def _taken_from(self, method: Method, given: Arguments, node: Node) -> Values:
        container, name = method.receiver, method.name
        if name in _TAKING:
            defaults = (
                given.positional[1].values
                if name in ("get", "pop") and len(given.positional) > 1
                else NOTHING
            )
            return self.everything_in(container) | defaults
        if name == "values":
            return self.filled(node, "typing.ValuesView", self.read(container.items))
        if name == "keys":
            return self.filled(node, "typing.KeysView", self.read(container.keys))
        if name in ("items", "popitem"):
            pair = self.paired(node, self.read(container.keys), self.read(container.items))
            return pair if name == "popitem" else self.filled(node, "typing.ItemsPairs", pair)
        if name in _SAME:
            return frozenset([container])
        if name in ("index", "count", "qsize"):
            return self.foreign_instance("builtins.int")
        return NOTHING

    def enter(self, values: Values, node: Node, *, is_async: bool) -> Values:
        """What `with value as …` gives; entering and leaving run the special methods."""
        names = ("__aenter__", "__aexit__") if is_async else ("__enter__", "__exit__")
        result: Values = NOTHING
        for value in values:
            if isinstance(value, Instance):
                result |= self._enter_instance(value, names, node)
            elif isinstance(value, Container) and value.type_name.rpartition(".")[2] in _CONTEXTS:
                self.run_on(value, node)
                result |= self.read(value.items)
            elif isinstance(value, ForeignInstance):
                result |= self._enter_foreign(value, names, node)
            else:
                result |= frozenset([value])
        return result

    def _enter_instance(self, value: Instance, names: tuple[str, str], node: Node) -> Values:
        one = frozenset([value])
        self.run_special(one, names[1:], node)
        if self.world.classes.find(value.symbol, names[0], exact=value.exact).definitions:
            return self.run_special(one, names[:1], node)
        return one

    def _enter_foreign(self, value: ForeignInstance, names: tuple[str, str], node: Node) -> Values:
        if not value.name.endswith(")"):
            self.edge(f"{value.name}.{names[0]}", EdgeKind.CALL, node)
        for name in names:
            for method in self.member(frozenset([value]), name, node):
                if isinstance(method, Instance | ForeignInstance):
                    continue
                self._enter_below(method, node)
        entered = known.ENTERED.get(value.name)
        return self.foreign_instance(entered) if entered else frozenset([value])

    def _enter_below(self, method: Value, node: Node) -> None:
        symbol = getattr(method, "symbol", None)
        if isinstance(symbol, FunctionSymbol):
            self.edge(symbol.name, EdgeKind.CALL, node)
