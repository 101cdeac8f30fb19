"""What an expression may be while the graph is built: instances, classes, functions, modules, containers."""

import ast
from typing import TypeAlias, TypeVar

from whiteboard.governance.graph.slots import Slot
from whiteboard.governance.graph.symbols import ClassSymbol, FunctionSymbol, ModuleSymbol


class Value(int):
    """One possible value. Its number is its identity: sets of values hash fast and look the same in every run."""


class Instance(Value):
    """An instance of a class of the package; not `exact` where a subclass may stand there as well."""

    symbol: ClassSymbol
    exact: bool


class Class(Value):
    """A class of the package, as a value; not `exact` where it may be a subclass."""

    symbol: ClassSymbol
    exact: bool


class Super(Value):
    """What `super()` gives in a method of a class."""

    symbol: ClassSymbol


class FunctionValue(Value):
    """A function of the package, of which the first `bound` positional parameters are taken."""

    symbol: FunctionSymbol
    bound: int


class Module(Value):
    """A module of the package."""

    symbol: ModuleSymbol


class Foreign(Value):
    """A function, class or module from outside of the package, under its dotted name."""

    name: str


class ForeignInstance(Value):
    """An instance of a class from outside, or, with a name that ends in `()`, what a foreign function gave."""

    name: str


class Container(Value):
    """A collection that the source makes or declares in one place.

    Attributes:
        type_name: the name of its class, such as `builtins.dict`.
        items: what it holds: elements, values of a mapping, what it yields.
        keys: the keys of a mapping.
        parts: the elements of a tuple, one by one, where they are known.
        sources: the functions that it may run when it is iterated or entered, where they are generators.
    """

    type_name: str
    items: Slot
    keys: Slot
    parts: tuple[Slot, ...]
    sources: Slot


class Partial(Value):
    """A function from outside or a method of a collection, some of whose arguments are taken already."""

    target: Value
    positional: tuple[Slot, ...]
    keywords: dict[str, Slot]


class Method(Value):
    """A method of a container."""

    name: str
    receiver: Container


_Made = TypeVar("_Made", bound=Value)

Origin: TypeAlias = "ast.AST | Slot | FunctionSymbol"
"""Where a container comes from: an expression, an annotation, or the call that collects arguments."""


class Pool:
    """Makes each value once."""

    def __init__(self) -> None:
        self._made: dict[object, Value] = {}
        self._kept: list[object] = []

    def instance(self, symbol: ClassSymbol, *, exact: bool = False) -> Instance:
        """An instance of a class of the package."""
        return self._once(Instance, (Instance, id(symbol), exact), symbol=symbol, exact=exact)

    def a_class(self, symbol: ClassSymbol, *, exact: bool = True) -> Class:
        """A class of the package itself."""
        return self._once(Class, (Class, id(symbol), exact), symbol=symbol, exact=exact)

    def a_super(self, symbol: ClassSymbol) -> Super:
        """What stands above a class."""
        return self._once(Super, (Super, id(symbol)), symbol=symbol)

    def function(self, symbol: FunctionSymbol, bound: int = 0) -> FunctionValue:
        """A function of the package, with its first positional parameters taken."""
        return self._once(FunctionValue, (FunctionValue, id(symbol), bound), symbol=symbol, bound=bound)

    def module(self, symbol: ModuleSymbol) -> Module:
        """A module of the package."""
        return self._once(Module, (Module, symbol.name), symbol=symbol)

    def foreign(self, name: str) -> Foreign:
        """Something from outside, by its dotted name."""
        return self._once(Foreign, (Foreign, name), name=name)

    def foreign_instance(self, name: str) -> ForeignInstance:
        """An instance of a class from outside."""
        return self._once(ForeignInstance, (ForeignInstance, name), name=name)

    def method(self, receiver: Container, name: str) -> Method:
        """A method of a container."""
        return self._once(Method, (Method, receiver, name), receiver=receiver, name=name)

    def container(
        self,
        origin: Origin,
        type_name: str,
        *,
        parts: int = 0,
        items: Slot | None = None,
        source: FunctionSymbol | None = None,
    ) -> Container:
        """The collection of one type that one place makes."""
        key = (Container, id(origin), type_name, parts)
        found = self._made.get(key)
        if isinstance(found, Container):
            return found
        self._kept.append(origin)  # so that no other object takes over its id
        slots = tuple(Slot() for _ in range(parts))
        return self._once(
            Container,
            key,
            type_name=type_name,
            items=items or Slot(),
            keys=Slot(),
            parts=slots,
            sources=Slot(frozenset([self.function(source)]) if source else frozenset()),
        )

    def partial(self, origin: Origin, target: Value, positional: int, keywords: tuple[str, ...]) -> Partial:
        """What `functools.partial` makes in one place of something from outside."""
        key = (Partial, id(origin), target)
        found = self._made.get(key)
        if isinstance(found, Partial):
            return found
        self._kept.append(origin)
        slots = tuple(Slot() for _ in range(positional))
        named = {name: Slot() for name in keywords}
        return self._once(Partial, key, target=target, positional=slots, keywords=named)

    def _once(self, kind: type[_Made], key: object, **attributes: object) -> _Made:
        found = self._made.get(key)
        if found is None:
            found = kind(len(self._made))
            found.__dict__.update(attributes)
            self._made[key] = found
        return found  # type: ignore[return-value]  # the key begins with its kind
