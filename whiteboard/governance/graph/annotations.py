"""What an annotation says about the values that may stand in its place."""

import ast
import sys

import attrs

from whiteboard.governance.graph.names import Names
from whiteboard.governance.graph.slots import NOTHING, Slot, Values, words
from whiteboard.governance.graph.symbols import ClassSymbol, Definition, FunctionSymbol, Outside, Variable
from whiteboard.governance.graph.values import Container, Pool

DEEPEST = 24
"""An annotation or chain of aliases nested deeper says nothing."""

MAPPINGS = words(
    "dict Dict Mapping MutableMapping defaultdict DefaultDict OrderedDict Counter ChainMap "
    "WeakValueDictionary WeakKeyDictionary MappingProxyType ItemsView"
)
COLLECTIONS = words(
    "list List set Set frozenset FrozenSet deque Deque Sequence MutableSequence MutableSet AbstractSet Iterable "
    "Iterator Reversible Collection Container Generator AsyncIterable AsyncIterator AsyncGenerator KeysView ValuesView "
    "WeakSet MemorySendChannel MemoryReceiveChannel SendChannel ReceiveChannel Channel Queue SimpleQueue PriorityQueue "
    "LifoQueue ContextVar ReferenceType ref AbstractContextManager AbstractAsyncContextManager ContextManager "
    "AsyncContextManager ExitStack AsyncExitStack _GeneratorContextManager _AsyncGeneratorContextManager"
)
_MUTABLE = words(
    "dict Dict MutableMapping defaultdict DefaultDict OrderedDict list List set Set deque Deque MutableSequence "
    "MutableSet ExitStack AsyncExitStack Queue SimpleQueue MemorySendChannel MemoryReceiveChannel"
)
_HOLDERS = frozenset(
    ("typing", "typing_extensions", "builtins", "collections", "collections.abc", "contextlib", "trio")
)
_HOLDERS |= frozenset(("trio.abc", "queue", "weakref", "types", "contextvars", "anyio", "asyncio"))
_SAME = words("Annotated ClassVar Final Required NotRequired ReadOnly Awaitable InitVar")
_ANYTHING = words("Any object Callable Hashable Unpack ParamSpec Concatenate TypeVar")
CALLABLE = "typing.Callable"


@attrs.frozen
class Declared:
    """What an annotation says; `is_open` where more may flow in than it names."""

    values: Values = NOTHING
    is_open: bool = False

    def __or__(self, other: "Declared") -> "Declared":
        return Declared(self.values | other.values, self.is_open or other.is_open)


ANYTHING = Declared(is_open=True)


def collection_kind(name: str) -> str:
    """`mapping`, `collection`, `tuple`, or nothing, for the dotted name of a class from outside."""
    module, _, last = name.rpartition(".")
    if module not in _HOLDERS:
        return ""
    if last in MAPPINGS:
        return "mapping"
    if last in COLLECTIONS:
        return "collection"
    return "tuple" if last in ("tuple", "Tuple") else ""


@attrs.frozen
class Place:
    """Where an annotation stands: its names are looked up from here."""

    scope: FunctionSymbol
    owner: ClassSymbol | None = None


class Annotations:
    """Reads annotations, each once per place."""

    def __init__(self, names: Names, pool: Pool) -> None:
        self._names = names
        self._pool = pool
        self._parsed: dict[str, ast.expr | None] = {}
        self._known: dict[int, Declared] = {}

    def read(self, node: ast.expr | None, place: Place) -> Declared:
        """The values that an annotation names; without one, anything may come."""
        if node is None:
            return ANYTHING
        if id(node) not in self._known:
            self._known[id(node)] = self._read(node, place, 0)
        return self._known[id(node)]

    def _read(self, node: ast.expr, place: Place, depth: int) -> Declared:
        if depth > DEEPEST:
            return ANYTHING
        if isinstance(node, ast.Constant):
            return self._constant(node, place, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._read(node.left, place, depth + 1) | self._read(node.right, place, depth + 1)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, place, depth)
        if isinstance(node, ast.Name | ast.Attribute):
            return self._named(self._names.dotted(node, place.scope, place.owner), node, place, depth)
        return ANYTHING

    def _constant(self, node: ast.Constant, place: Place, depth: int) -> Declared:
        if node.value is None:
            return Declared()
        if not isinstance(node.value, str):
            return ANYTHING
        # one tree per place, so that the containers which it names are that place's own
        key = f"{place.scope.name} {node.lineno} {node.col_offset} {node.value}"
        if key not in self._parsed:
            self._parsed[key] = _parse(node.value)
        parsed = self._parsed[key]
        return ANYTHING if parsed is None else self._read(parsed, place, depth + 1)

    def _named(self, found: Definition | None, node: ast.expr, place: Place, depth: int) -> Declared:
        if isinstance(found, ClassSymbol):
            return Declared(frozenset([self._pool.instance(found)]), is_open=found.is_protocol)
        if isinstance(found, Variable) and found.value is not None:
            return self._alias(found, found.value, place, depth)
        if not isinstance(found, Outside):
            return ANYTHING
        last = found.name.rpartition(".")[2]
        if last == "Self" and place.owner:
            return Declared(frozenset([self._pool.instance(place.owner)]))
        if last in ("None", "Never", "NoReturn"):
            return Declared()
        if last in _ANYTHING:
            return ANYTHING
        if last in ("LiteralString", "AnyStr", "Text"):
            return Declared(frozenset([self._pool.foreign_instance("builtins.str")]))
        if last in ("type", "Optional", "Union") or last in _SAME:  # `x: Final = …` says nothing of the type
            return ANYTHING
        if collection_kind(found.name):
            return Declared(
                frozenset([self._pool.container(node, found.name)]), is_open=_is_mutable(found.name)
            )
        return self._foreign(found.name)

    def _foreign(self, name: str) -> Declared:
        """A class from outside, or an alias of who knows what: unless it is of the standard library, more may come."""
        known = name.partition(".")[0] in sys.stdlib_module_names
        return Declared(frozenset([self._pool.foreign_instance(name)]), is_open=not known)

    def _alias(self, variable: Variable, value: ast.expr, place: Place, depth: int) -> Declared:
        """A type alias, a NewType, or a TypeVar, of which the bound is known at best."""
        place = Place(variable.scope) if variable.scope else place
        if not isinstance(value, ast.Call):
            return self._read(value, place, depth + 1)
        made_by = self._names.dotted(value.func, place.scope, place.owner)
        name = made_by.name.rpartition(".")[2] if isinstance(made_by, Outside) else ""
        if name == "NewType" and len(value.args) > 1:
            return self._read(value.args[1], place, depth + 1)
        if name == "TypeVar":
            bound = next((each.value for each in value.keywords if each.arg == "bound"), None)
            known = self._read(bound, place, depth + 1) if bound is not None else ANYTHING
            return Declared(known.values, is_open=True)
        return ANYTHING

    def _subscript(self, node: ast.Subscript, place: Place, depth: int) -> Declared:
        found = self._names.dotted(node.value, place.scope, place.owner)
        arguments = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if not isinstance(found, Outside):
            return self._read(node.value, place, depth + 1)
        last = found.name.rpartition(".")[2]
        if last in ("Optional", "Union"):
            return self._union(arguments, place, depth)
        if last in _SAME:
            return self._read(arguments[0], place, depth + 1)
        if last == "Coroutine" and len(arguments) == 3:
            return self._read(arguments[2], place, depth + 1)
        if last in ("type", "Type"):
            return self._class_of(arguments[0], place, depth)
        if last == "Callable":
            return self._callable(node, arguments, place, depth)
        if last == "Literal":
            return self._literal(arguments)
        if collection_kind(found.name):
            return self._collection(node, found.name, arguments, place, depth)
        return self._foreign(found.name)

    def _union(self, arguments: list[ast.expr], place: Place, depth: int) -> Declared:
        result = Declared()
        for argument in arguments:
            result |= self._read(argument, place, depth + 1)
        return result

    def _class_of(self, argument: ast.expr, place: Place, depth: int) -> Declared:
        found = self._names.dotted(argument, place.scope, place.owner)
        if isinstance(found, ClassSymbol):
            return Declared(frozenset([self._pool.a_class(found, exact=False)]), is_open=True)
        if isinstance(found, Outside):
            return Declared(frozenset([self._pool.foreign(found.name)]), is_open=True)
        _ = depth
        return ANYTHING

    def _literal(self, arguments: list[ast.expr]) -> Declared:
        kinds = {type(each.value).__name__ for each in arguments if isinstance(each, ast.Constant)}
        return Declared(frozenset(self._pool.foreign_instance(f"builtins.{kind}") for kind in sorted(kinds)))

    def _callable(self, node: ast.expr, arguments: list[ast.expr], place: Place, depth: int) -> Declared:
        """Functions flow in; what they give is known even if none does."""
        declared = self._pool.container(node, CALLABLE)
        self._fill(declared.items, arguments[-1], place, depth)
        return Declared(frozenset([declared]), is_open=True)

    def _collection(
        self, node: ast.expr, name: str, arguments: list[ast.expr], place: Place, depth: int
    ) -> Declared:
        kind = collection_kind(name)
        if kind == "tuple" and not _endless(arguments):
            made = self._pool.container(node, name, parts=len(arguments))
            for part, argument in zip(made.parts, arguments, strict=True):
                self._fill(part, argument, place, depth)
        else:
            made = self._pool.container(node, name)
            self._fill(made.items, _item(kind, arguments), place, depth)
            if kind == "mapping":
                self._fill(made.keys, arguments[0], place, depth)
        # what is put into it must be found by those who hold the same collection under another name
        return Declared(frozenset([made]), is_open=not made.items.closed and _is_mutable(name))

    def _fill(self, slot: Slot, argument: ast.expr, place: Place, depth: int) -> None:
        declared = self._read(argument, place, depth + 1)
        slot.declare(declared.values, closed=not declared.is_open)


def _is_mutable(name: str) -> bool:
    return name.rpartition(".")[2] in _MUTABLE


def _item(kind: str, arguments: list[ast.expr]) -> ast.expr:
    return arguments[1] if kind == "mapping" and len(arguments) > 1 else arguments[0]


def _endless(arguments: list[ast.expr]) -> bool:
    return len(arguments) == 2 and isinstance(arguments[1], ast.Constant) and arguments[1].value is Ellipsis


def _parse(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None


def declare(slot: Slot, declared: Declared) -> None:
    """Puts what an annotation says into a slot."""
    slot.declare(declared.values, closed=not declared.is_open)


def container_in(values: Values) -> Container | None:
    """The collection among the values, if there is one."""
    return next((each for each in sorted(values) if isinstance(each, Container)), None)
