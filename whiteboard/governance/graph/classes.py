"""Which definitions an attribute may mean: inherited, overridden, or by a class that fits a protocol."""

import ast
from collections.abc import Iterable

import attrs

from whiteboard.governance.graph.known import HOOKS
from whiteboard.governance.graph.names import Names
from whiteboard.governance.graph.symbols import (
    ClassSymbol,
    Definition,
    FunctionSymbol,
    Outside,
    Symbols,
    Variable,
)

_NO_FIELDS = frozenset(("__slots__", "__doc__", "__module__", "__match_args__"))
_TOO_WIDE = frozenset(
    ("builtins.object", "abc.ABC", "builtins.BaseException", "builtins.Exception", "typing.Generic")
)
"""Classes from outside that say too little of an instance to look at everything below them."""
_PASSIVE = frozenset(
    f"{module}.{name}"
    for module, names in {
        "typing": "Protocol Generic NamedTuple TypedDict",
        "typing_extensions": "Protocol Generic TypedDict",
        "enum": "Enum IntEnum StrEnum Flag IntFlag",
        "builtins": "str int float bytes tuple list dict set frozenset type BaseExceptionGroup ExceptionGroup",
    }.items()
    for name in names.split()
)
"""Classes from outside that call no method of those below them, operators aside."""
_WITH_FIELDS = frozenset(("dataclass", "define", "frozen", "mutable", "attrs", "s", "attr"))
_STRUCTS = frozenset(("typing.NamedTuple", "msgspec.Struct"))


@attrs.frozen
class Found:
    """Everything that an attribute of a class may mean, and from which classes outside it may come."""

    definitions: tuple[tuple[ClassSymbol, Definition], ...] = ()
    outside: tuple[str, ...] = ()


class Classes:
    """Answers of one kind are found once."""

    def __init__(self, symbols: Symbols, names: Names) -> None:
        self._symbols = symbols
        self._names = names
        self._found: dict[tuple[int, bool, str], Found] = {}
        self._above: dict[tuple[int, str], Found] = {}
        self._implementers: dict[int, tuple[ClassSymbol, ...]] = {}
        self._fields: dict[int, tuple[tuple[str, Variable], ...]] = {}
        self._hooks: dict[int, tuple[str, ...]] = {}
        self._having: dict[str, list[ClassSymbol]] | None = None
        self._below_outside: dict[str, list[ClassSymbol]] | None = None

    def find(self, symbol: ClassSymbol, name: str, *, exact: bool) -> Found:
        """What `name` may mean on an instance of a class, or of one of its subclasses unless `exact`."""
        key = (id(symbol), exact, name)
        if key not in self._found:
            self._found[key] = self._find(symbol, name, exact=exact)
        return self._found[key]

    def find_above(self, symbol: ClassSymbol, name: str) -> Found:
        """What `super().name` may mean: the order of every subclass counts, where mixins are concerned."""
        key = (id(symbol), name)
        if key not in self._above:
            orders = [each.mro for each in (symbol, *symbol.subclasses)]
            finds = [_first(order[order.index(symbol) + 1 :], name) for order in orders if symbol in order]
            self._above[key] = _joined(finds)
        return self._above[key]

    def below_outside(self, name: str) -> list[ClassSymbol]:
        """The classes of the package that stand below a class from outside."""
        if self._below_outside is None:
            self._below_outside = {}
            for symbol in self._symbols.classes.values():
                for above in symbol.mro:
                    if isinstance(above, Outside) and above.name not in _TOO_WIDE:
                        self._below_outside.setdefault(above.name, []).append(symbol)
        return self._below_outside.get(name, [])

    def implementers(self, protocol: ClassSymbol) -> tuple[ClassSymbol, ...]:
        """The classes that have all that a protocol asks for, with parameters that fit."""
        if id(protocol) not in self._implementers:
            self._implementers[id(protocol)] = tuple(self._find_implementers(protocol))
        return self._implementers[id(protocol)]

    def fields(self, symbol: ClassSymbol) -> tuple[tuple[str, Variable], ...]:
        """The parameters of a generated constructor, in order; nothing if the class has none."""
        if id(symbol) not in self._fields:
            self._fields[id(symbol)] = tuple(self._find_fields(symbol))
        return self._fields[id(symbol)]

    def hooks(self, symbol: ClassSymbol) -> tuple[str, ...]:
        """The methods that a base from outside may call on an instance, by name."""
        if id(symbol) not in self._hooks:
            self._hooks[id(symbol)] = tuple(_find_hooks(symbol))
        return self._hooks[id(symbol)]

    def with_method(self, name: str) -> list[ClassSymbol]:
        """The classes in whose own body a name stands."""
        if self._having is None:
            self._having = {}
            for symbol in self._symbols.classes.values():
                for each in {**symbol.names, **symbol.on_instances}:
                    self._having.setdefault(each, []).append(symbol)
        return self._having.get(name, [])

    def _find(self, symbol: ClassSymbol, name: str, *, exact: bool) -> Found:
        finds = [_first(symbol.mro, name)]
        if not exact:
            finds += [_own(each, name) for each in symbol.subclasses]
            if symbol.is_protocol:
                finds += [_first(each.mro, name) for each in self.implementers(symbol)]
        return _joined(finds)

    def _find_implementers(self, protocol: ClassSymbol) -> Iterable[ClassSymbol]:
        asked = _asked(protocol)
        if not asked:
            return
        rarest = min(asked, key=lambda name: len(self.with_method(name)))
        candidates: dict[int, ClassSymbol] = {}
        for symbol in self.with_method(rarest):
            for each in (symbol, *symbol.subclasses):
                candidates[id(each)] = each
        for each in candidates.values():
            if not each.is_protocol and all(_fits(each, name, wanted) for name, wanted in asked.items()):
                yield each

    def _find_fields(self, symbol: ClassSymbol) -> Iterable[tuple[str, Variable]]:
        fields: dict[str, Variable] = {}
        for each in reversed(symbol.mro):
            if isinstance(each, ClassSymbol) and _has_fields(each):
                fields.update(_own_fields(each))
        return fields.items()


def _find_hooks(symbol: ClassSymbol) -> Iterable[str]:
    outside = [each.name for each in symbol.mro if isinstance(each, Outside)]
    active = [name for name in outside if name not in _TOO_WIDE | _STRUCTS | _PASSIVE]
    known = frozenset().union(*(HOOKS.get(name, ()) for name in active))
    is_all_known = all(name in HOOKS for name in active)
    for each in symbol.mro if active else ():
        if isinstance(each, ClassSymbol):
            for name, definition in each.names.items():
                is_hook = name in known if is_all_known else name not in ("__init__", "__new__")
                if is_hook and isinstance(definition, FunctionSymbol):
                    yield definition.name


def _has_fields(symbol: ClassSymbol) -> bool:
    above = any(isinstance(each, Outside) and each.name in _STRUCTS for each in symbol.mro)
    return above or bool(symbol.decorators & _WITH_FIELDS)


def _own_fields(symbol: ClassSymbol) -> Iterable[tuple[str, Variable]]:
    for statement in symbol.node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name = statement.target.id
            variable = symbol.names.get(name)
            if isinstance(variable, Variable) and "ClassVar" not in ast.dump(statement.annotation):
                yield name, variable


def _own(symbol: ClassSymbol, name: str) -> Found:
    found = [(symbol, names[name]) for names in (symbol.names, symbol.on_instances) if name in names]
    return Found(tuple(found))


def _first(order: list[ClassSymbol | Outside], name: str) -> Found:
    """The first class in the order that has it. A bare declaration lets those above it speak as well."""
    found: list[tuple[ClassSymbol, Definition]] = []
    outside: list[str] = []
    for each in order:
        if isinstance(each, Outside):
            if not found and each.name not in (
                "builtins.object",
                "abc.ABC",
                "typing.Generic",
                "typing.Protocol",
            ):
                outside.append(each.name)
            continue
        own = _own(each, name).definitions
        found += own
        if any(not isinstance(definition, Variable) for _, definition in own):
            break
    return Found(tuple(found), tuple(outside) if not found else ())


def _joined(finds: list[Found]) -> Found:
    definitions = {
        id(definition): (symbol, definition) for each in finds for symbol, definition in each.definitions
    }
    outside = {name: None for each in finds for name in each.outside}
    return Found(tuple(definitions.values()), tuple(outside))


def _asked(protocol: ClassSymbol) -> dict[str, Definition]:
    asked: dict[str, Definition] = {}
    for each in reversed(protocol.mro):
        if isinstance(each, ClassSymbol):
            names = {**each.on_instances, **each.names}
            asked.update((name, wanted) for name, wanted in names.items() if name not in _NO_FIELDS)
    return asked


def _fits(symbol: ClassSymbol, name: str, wanted: Definition) -> bool:
    found = _first(symbol.mro, name).definitions
    if not found:
        return False
    offered = found[0][1]
    if isinstance(wanted, FunctionSymbol) and isinstance(offered, FunctionSymbol):
        return _same_form(offered, wanted)
    return True


def _same_form(offered: FunctionSymbol, wanted: FunctionSymbol) -> bool:
    """Whether a method can be called as the protocol's is."""
    if "property" in offered.decorators or "property" in wanted.decorators:
        return True
    if offered.is_async != wanted.is_async and not (offered.is_generator or wanted.is_generator):
        return _plain_awaitable(offered) or _plain_awaitable(wanted)
    ours, theirs = offered.arguments, wanted.arguments
    if ours is None or theirs is None:
        return False
    most, least = _positional(ours)
    asked_most, _ = _positional(theirs)
    if theirs.vararg and not ours.vararg:
        return False
    return least <= asked_most and (ours.vararg is not None or asked_most <= most)


def _plain_awaitable(function: FunctionSymbol) -> bool:
    """Whether it is no `async def`, and yet may give something to be awaited."""
    if function.is_async or not isinstance(function.node, ast.FunctionDef) or function.node.returns is None:
        return not function.is_async
    return any(word in ast.dump(function.node.returns) for word in ("Awaitable", "Coroutine", "Any"))


def _positional(arguments: ast.arguments) -> tuple[int, int]:
    """At most and at least as many positional arguments, the receiver included."""
    most = len(arguments.posonlyargs) + len(arguments.args)
    return most, most - len(arguments.defaults)
