"""Calls: which functions a call runs, what their parameters are given, and what comes back."""

import ast

import attrs

from whiteboard.governance.graph.access import Access, joined
from whiteboard.governance.graph.annotations import CALLABLE, Place
from whiteboard.governance.graph.layouts import Layout, layout_of
from whiteboard.governance.graph.model import EdgeKind
from whiteboard.governance.graph.record import Node
from whiteboard.governance.graph.slots import NOTHING, Values
from whiteboard.governance.graph.symbols import ClassSymbol, FunctionSymbol, Outside, Variable
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

_NEW = ("__new__", "__init__", "__post_init__", "__attrs_pre_init__", "__attrs_post_init__")
DEEPEST_MATCH = 4
DEEPEST_CALL = 24
"""A partial of a partial, or an instance called through another one, is followed no deeper: it may hold itself."""


@attrs.frozen
class Argument:
    """One argument: what is written and what it may be."""

    expression: ast.expr | None
    values: Values


@attrs.frozen
class Arguments:
    """What a call gives."""

    positional: tuple[Argument, ...] = ()
    keywords: dict[str, Argument] = attrs.field(factory=dict)
    spread: Values = NOTHING
    """The elements of `*arguments`."""
    spread_keywords: Values = NOTHING
    is_spread: bool = False

    def without(self, count: int) -> "Arguments":
        """What is left when the first positional ones are taken."""
        return attrs.evolve(self, positional=self.positional[count:])

    def all_values(self) -> Values:
        """Whatever is given, anywhere."""
        given = [each.values for each in (*self.positional, *self.keywords.values())]
        return joined([*given, self.spread, self.spread_keywords])


class Calls(Access):
    """Calls values."""

    def call(self, callees: Values, given: Arguments, node: Node, kind: EdgeKind = EdgeKind.CALL) -> Values:
        """Calls each of the values, and gives what any of them returns."""
        if self.depth > DEEPEST_CALL:
            return NOTHING
        self.depth += 1
        try:
            return joined(self._call(callee, given, node, kind) for callee in callees)
        finally:
            self.depth -= 1

    def _call(self, callee: Value, given: Arguments, node: Node, kind: EdgeKind) -> Values:
        if isinstance(callee, FunctionValue):
            self.edge(callee.symbol.name, kind, node)
            self.give(callee.symbol, callee.bound, given, node)
            return self._result(callee, given, node)
        if isinstance(callee, Class):
            return self._construct(callee, given, node, kind)
        if isinstance(callee, Instance):
            return self.call(self.member(frozenset([callee]), "__call__", node), given, node, kind)
        if isinstance(callee, Foreign):
            return self.call_foreign(callee.name, given, node, kind)
        if isinstance(callee, ForeignInstance):
            return self._call_foreign_instance(callee, given, node, kind)
        if isinstance(callee, Method):
            return self.call_method(callee, given, node, kind)
        if isinstance(callee, Partial):
            return self._call_partial(callee, given, node, kind)
        if isinstance(callee, Container):
            return self.read(callee.items)
        return NOTHING

    def _call_partial(self, callee: Partial, given: Arguments, node: Node, kind: EdgeKind) -> Values:
        taken = tuple(Argument(None, self.read(slot)) for slot in callee.positional)
        named = {name: Argument(None, self.read(slot)) for name, slot in callee.keywords.items()}
        joint = attrs.evolve(given, positional=taken + given.positional, keywords={**named, **given.keywords})
        return self.call(frozenset([callee.target]), joint, node, kind)

    def call_foreign(self, name: str, given: Arguments, node: Node, kind: EdgeKind) -> Values:
        """Calls something from outside the package."""
        raise NotImplementedError

    def call_method(self, method: Method, given: Arguments, node: Node, kind: EdgeKind) -> Values:
        """Calls a method of a collection."""
        raise NotImplementedError

    def _call_foreign_instance(
        self, callee: ForeignInstance, given: Arguments, node: Node, kind: EdgeKind
    ) -> Values:
        name = callee.name if callee.name.endswith(")") else f"{callee.name}.__call__"
        result = self.call_foreign(name, given, node, kind)
        for symbol in self.world.classes.below_outside(callee.name):
            definition = symbol.names.get("__call__")
            if isinstance(definition, FunctionSymbol):
                methods = self.bound(self.world.pool.instance(symbol), definition, symbol, node)
                result |= self.call(methods, given, node, kind)
        return result

    def give(self, function: FunctionSymbol, bound: int, given: Arguments, node: Node) -> None:
        """Hands the arguments to the parameters, after the first ones, which are bound."""
        layout = self._layout_of(function)
        taken = {name for name, _ in layout.positional[:bound]}
        free = layout.positional[bound:]
        for (name, variable), argument in zip(free, given.positional, strict=False):
            self._give_one(function, name, variable, argument, node)
            taken.add(name)
        if layout.gathered is not None:
            # what is bound beyond the plain parameters lies among the gathered ones already
            before = max(0, bound - len(layout.positional))
            self._gather(layout.gathered, [each.values for each in given.positional[len(free) :]], before)
        for name, argument in given.keywords.items():
            taken.add(name)
            if name in layout.by_name:
                self._give_one(function, name, layout.by_name[name], argument, node)
            elif layout.gathered_by_name is not None:
                self._gather(layout.gathered_by_name, [argument.values])
        self._give_spread(layout, taken, given)
        self._give_defaults(function, layout, taken, given, node)

    def _layout_of(self, function: FunctionSymbol) -> Layout:
        layouts = self.world.layouts
        if function not in layouts:
            layouts[function] = layout_of(function)
        return layouts[function]

    def _give_one(
        self, function: FunctionSymbol, name: str, variable: Variable, argument: Argument, node: Node
    ) -> None:
        self.flow(variable.slot, argument.values)
        self.bind(function.name, name, argument.expression, node)

    def _gather(self, variable: Variable, given: list[Values], first: int | None = None) -> None:
        """Puts arguments among the gathered ones, from the place `first` on where places are known."""
        for container in variable.slot.values:
            if isinstance(container, Container):
                for i, values in enumerate(given):
                    is_placed = first is not None and first + i < len(container.parts)
                    self.flow(container.parts[(first or 0) + i] if is_placed else container.items, values)

    def _give_spread(self, layout: Layout, taken: set[str], given: Arguments) -> None:
        if given.spread:
            for name, variable in layout.positional:
                if name not in taken:
                    self.flow(variable.slot, given.spread)
            if layout.gathered is not None:
                self._gather(layout.gathered, [given.spread])
        if given.spread_keywords:
            for name, variable in layout.by_name.items():
                if name not in taken:
                    self.flow(variable.slot, given.spread_keywords)
            if layout.gathered_by_name is not None:
                self._gather(layout.gathered_by_name, [given.spread_keywords])

    def _give_defaults(
        self, function: FunctionSymbol, layout: Layout, taken: set[str], given: Arguments, node: Node
    ) -> None:
        if given.is_spread:
            return
        for name, default in layout.defaults.items():
            if name not in taken:
                self.bind(function.name, name, default, node)

    def _result(self, callee: FunctionValue, given: Arguments, node: Node) -> Values:
        function = callee.symbol
        returns = getattr(function.node, "returns", None)
        if function.is_generator or returns is None:
            return self.returned(function)
        variables = self._type_variables(function, returns)
        if variables:
            return self.settle_for(self._chosen(callee, given, variables, node), self.returned(function))
        return self.returned(function)

    def _type_variables(self, function: FunctionSymbol, returns: ast.expr) -> frozenset[str]:
        """The type variables that the result is, such as T in `-> T` and `-> T | None`."""
        known = self.world.type_variables
        if function not in known:
            names = [returns] if isinstance(returns, ast.Name) else _alternatives(returns)
            scope = function.outer or function
            known[function] = frozenset(
                each.id
                for each in names
                if isinstance(each, ast.Name) and _is_type_variable(self.world.names.look_up(each.id, scope))
            )
        return known[function]

    def _chosen(
        self, callee: FunctionValue, given: Arguments, variables: frozenset[str], node: Node
    ) -> Values:
        """What the arguments make of the type variables."""
        arguments = callee.symbol.arguments
        if arguments is None:
            return NOTHING
        parameters = [*arguments.posonlyargs, *arguments.args]
        pairs = list(zip(parameters[callee.bound :], given.positional, strict=False))
        named = {each.arg: each for each in (*arguments.args, *arguments.kwonlyargs)}
        pairs += [(named[name], argument) for name, argument in given.keywords.items() if name in named]
        return joined(
            self._matched(parameter.annotation, argument.values, variables, node, 0)
            for parameter, argument in pairs
            if parameter.annotation is not None
        )

    def _matched(
        self, annotation: ast.expr | None, values: Values, variables: frozenset[str], node: Node, depth: int
    ) -> Values:
        if depth > DEEPEST_MATCH or annotation is None:
            return NOTHING
        if isinstance(annotation, ast.Name):
            return values if annotation.id in variables else NOTHING
        if isinstance(annotation, ast.BinOp):
            return joined(
                self._matched(side, values, variables, node, depth + 1)
                for side in (annotation.left, annotation.right)
            )
        if not isinstance(annotation, ast.Subscript):
            return NOTHING
        last = getattr(annotation.value, "attr", getattr(annotation.value, "id", ""))
        inner = annotation.slice.elts[-1] if isinstance(annotation.slice, ast.Tuple) else annotation.slice
        if last == "Callable":
            return self._matched(inner, self._given_by(values), variables, node, depth + 1)
        if last in ("type", "Type"):
            instances = [
                self.world.pool.instance(each.symbol, exact=each.exact)
                for each in values
                if isinstance(each, Class)
            ]
            foreign = [
                self.world.pool.foreign_instance(each.name) for each in values if isinstance(each, Foreign)
            ]
            return self._matched(inner, frozenset([*instances, *foreign]), variables, node, depth + 1)
        if last in ("Awaitable", "Annotated", "Coroutine", "Optional"):
            return self._matched(inner, values, variables, node, depth + 1)
        items = joined(self.read(each.items) for each in values if isinstance(each, Container))
        return self._matched(inner, items, variables, node, depth + 1)

    def _given_by(self, values: Values) -> Values:
        """What the functions among the values return."""
        result: Values = NOTHING
        for value in values:
            if isinstance(value, FunctionValue):
                result |= self.returned(value.symbol)
            elif isinstance(value, Class):
                result |= frozenset([self.world.pool.instance(value.symbol, exact=value.exact)])
            elif isinstance(value, Container) and value.type_name == CALLABLE:
                result |= self.read(value.items)
        return result

    def _construct(self, callee: Class, given: Arguments, node: Node, kind: EdgeKind) -> Values:
        symbol = callee.symbol
        found = [
            (each, definition)
            for name in _NEW
            for each, definition in self.world.classes.find(symbol, name, exact=callee.exact).definitions
            if isinstance(definition, FunctionSymbol)
        ]
        for _, definition in found:
            self.edge(definition.name, kind, node)
            if definition.node.name in ("__new__", "__init__"):  # type: ignore[union-attr]  # a method is a def
                self.give(definition, 1, given, node)
        if not found:
            self.edge(symbol.name, kind, node)
        self._fill_fields(symbol, given, node)
        self._tell_bases(symbol, given, node)
        return frozenset([self.world.pool.instance(symbol, exact=callee.exact)])

    def _fill_fields(self, symbol: ClassSymbol, given: Arguments, node: Node) -> None:
        """The generated constructor of a dataclass and the like puts arguments into attributes."""
        fields = self.world.classes.fields(symbol)
        if not fields:
            return
        by_name = {name.lstrip("_"): (name, variable) for name, variable in fields}
        pairs = [
            (name, variable, each) for (name, variable), each in zip(fields, given.positional, strict=False)
        ]
        for name, argument in given.keywords.items():
            if name in by_name:
                pairs.append((*by_name[name], argument))
        for name, variable, argument in pairs:
            self.flow(variable.slot, argument.values)
            self.bind(symbol.name, name, argument.expression, node)
        if given.spread or given.spread_keywords:
            for _, variable in fields:
                self.flow(variable.slot, given.spread | given.spread_keywords)
        for each in symbol.mro:
            if isinstance(each, ClassSymbol):
                self.call(self.read(each.makers), Arguments(), node)

    def _tell_bases(self, symbol: ClassSymbol, given: Arguments, node: Node) -> None:
        """A base from outside keeps the functions that it is given."""
        if any(isinstance(each, Outside) for each in symbol.mro):
            self.escape(symbol, node)
            for value in given.all_values():
                if isinstance(value, FunctionValue):
                    self.edge(value.symbol.name, EdgeKind.REFERENCE, node)

    def place(self) -> Place:
        """From where the names in an annotation are looked up here."""
        return Place(self.function, self.owner)

    def filled(self, origin: ast.AST, kind: str, items: Values, keys: Values = NOTHING) -> Values:
        """A new collection of what is given."""
        made = self.world.pool.container(origin, kind)
        self.flow(made.items, items)
        self.flow(made.keys, keys)
        return frozenset([made])

    def paired(self, origin: ast.AST, *parts: Values) -> Values:
        """A new tuple."""
        made = self.world.pool.container(origin, "builtins.tuple", parts=len(parts))
        for slot, values in zip(made.parts, parts, strict=True):
            self.flow(slot, values)
        return frozenset([made])

    def everything_in(self, container: Container) -> Values:
        """All the elements, whether they are told apart or not."""
        return joined([self.read(container.items), *(self.read(part) for part in container.parts)])


def _alternatives(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return _alternatives(node.left) + _alternatives(node.right)
    if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") in ("Optional", "Awaitable"):
        return _alternatives(node.slice)
    return [node]


def _is_type_variable(definition: object) -> bool:
    value = definition.value if isinstance(definition, Variable) else None
    return (
        isinstance(value, ast.Call)
        and getattr(value.func, "attr", getattr(value.func, "id", "")) == "TypeVar"
    )
