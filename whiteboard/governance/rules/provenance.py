"""Where a value comes from: followed back through locals, parameters, attributes, defaults, returns and arithmetic.

The end of each way back is an `Origin`. Arithmetic is read for what it does to a duration: an entry times a number is
still that entry; a moment of the clock plus an entry is a deadline of that entry; an entry plus a bare number is both.
"""

import ast
from collections.abc import Iterable
from enum import Enum
from typing import Final

import attrs

from whiteboard.governance.graph.model import MODULE_BODY, Binding
from whiteboard.governance.rules.attributes import attributes_of
from whiteboard.governance.rules.findings import Hop
from whiteboard.governance.rules.registry import Entry, constant
from whiteboard.governance.rules.scope import matcher
from whiteboard.governance.rules.world import World, dotted_of

MAX_STEPS: Final = 400
"""Expressions looked at for one value; what is still open then counts as not traced."""

CLOCKS: Final = frozenset(
    {
        "trio.current_time",
        "trio.current_effective_deadline",
        "anyio.current_time",
        "anyio.current_effective_deadline",
        "time.monotonic",
        "time.perf_counter",
        "time.time",
    }
)
_INFINITE: Final = frozenset({"math.inf", "trio.lowlevel.inf"})
_PASS_THROUGH: Final = frozenset(
    {"float", "int", "abs", "round", "max", "min", "sum", "math.ceil", "math.floor"}
    | {"next", "iter", "sorted", "list", "tuple", "reversed", "heapq.heappop"}
)
_OF_CONTAINERS: Final = frozenset({"values", "get", "pop", "popleft", "popitem", "copy", "setdefault"})
CHANCE: Final = ("random.*", "secrets.*")


class Kind(Enum):
    """What stands at the end of a way back."""

    ENTRY = "a registered entry"
    ALLOWED = "a source that the rule allows"
    INFINITE = "infinity"
    CLOCK = "a moment of the clock"
    NONE = "None"
    NUMBER = "a bare number"
    FACTOR = "a random factor"
    UNTRACED = "not traced"


@attrs.frozen
class Origin:
    """One end: what it is, its text, and the hops from it to where the value is used."""

    kind: Kind
    text: str
    hops: tuple[Hop, ...]
    """The origin first; the place of use is not among them."""


Call = tuple[str, int, int]
"""The caller, line and column of a call."""


@attrs.frozen
class _Place:
    """An expression is read as a function's."""

    function: str
    hops: tuple[Hop, ...] = ()
    call: Call | None = None
    """By which call the function was entered on the way back; its parameters then are what that call gives."""


class Provenance:
    """Follows values back, for one registry and one set of allowed sources."""

    def __init__(
        self,
        world: World,
        entries: Iterable[Entry],
        allowed: tuple[str, ...] = (),
        entry_class: str | None = None,
    ) -> None:
        self.world = world
        self.entries = frozenset(entry.variable for entry in entries)
        self.registries = frozenset(name.rpartition(".")[0] for name in self.entries)
        self.entry_class = entry_class
        self.is_allowed = matcher(allowed)
        self.is_chance = matcher(CHANCE)
        self.attributes = attributes_of(world)

    def origins(self, function: str, expression: ast.expr) -> list[Origin]:
        """All the ends of an expression of a function, each once."""
        found = _Trace(self).of(_Place(function), expression)
        return list(
            {(origin.kind, origin.text, origin.hops[:1]): origin for origin in reversed(found)}.values()
        )


class _Trace:
    """One way back. What was found before is found again; what is still being looked for, in a circle, adds nothing."""

    def __init__(self, provenance: Provenance) -> None:
        self._p = provenance
        self._world = provenance.world
        self._found: dict[tuple[str, int, Call | None], list[Origin]] = {}

    def of(self, place: _Place, expression: ast.expr) -> list[Origin]:
        key = place.function, id(expression), place.call
        if key not in self._found:
            if len(self._found) >= MAX_STEPS:
                return [self._end(place, expression, Kind.UNTRACED)]
            self._found[key] = []
            self._found[key] = list(self._by_form(place, expression))
        return self._found[key]

    def _by_form(self, place: _Place, expression: ast.expr) -> Iterable[Origin]:
        if (number := constant(expression)) is not None:
            return [self._end(place, expression, Kind.NUMBER)] if number else []
        match expression:
            case ast.Constant(value=None):
                return [self._end(place, expression, Kind.NONE)]
            case ast.Name() | ast.Attribute():
                return self._named(place, expression)
            case ast.BinOp():
                return self._combined(place, expression)
            case ast.Call():
                return self._called(place, expression)
            case _:
                parts = _choices(expression)
                return (
                    [self._end(place, expression, Kind.UNTRACED)]
                    if parts is None
                    else self._all(place, parts)
                )

    def _all(self, place: _Place, expressions: Iterable[ast.expr]) -> list[Origin]:
        return [origin for each in expressions for origin in self.of(place, each)]

    # --- arithmetic and calls ---------------------------------------------------------------------

    def _combined(self, place: _Place, sum_: ast.BinOp) -> list[Origin]:
        left, right = self.of(place, sum_.left), self.of(place, sum_.right)
        if isinstance(sum_.op, ast.Add | ast.Sub):
            timed = [origin for origin in left + right if origin.kind is not Kind.CLOCK]
            return timed or left + right
        # a factor says how often, not how long
        if constant(sum_.left) is not None or constant(sum_.right) is not None:
            return right if constant(sum_.left) is not None else left
        for side in (left, right):
            if side and all(origin.kind in _DURATIONS for origin in side):
                return side
        lasting = [origin for origin in left + right if origin.kind not in _FACTORS]
        return lasting or (left + right if left and right else [])

    def _called(self, place: _Place, call: ast.Call) -> list[Origin]:
        names = self._called_names(place, call)
        plain = dotted_of(call.func)
        if (
            plain == "float"
            and call.args
            and isinstance(call.args[0], ast.Constant)
            and "inf" in str(call.args[0].value)
        ):
            return [self._end(place, call, Kind.INFINITE)]
        if plain in _PASS_THROUGH or any(name.removeprefix("builtins.") in _PASS_THROUGH for name in names):
            return self._all(place, call.args)
        if any(name in CLOCKS or name.endswith("current_clock().current_time") for name in names):
            return [self._end(place, call, Kind.CLOCK)]
        if any(map(self._p.is_allowed, names)):
            return [self._end(place, call, Kind.ALLOWED)]
        if any(map(self._p.is_chance, names)):
            return self._all(place, call.args) or [self._end(place, call, Kind.FACTOR)]
        inner = [name for name in names if name in self._world.graph.functions]
        if inner:
            return [origin for name in inner for origin in self._returned(place, call, name)]
        if isinstance(call.func, ast.Attribute) and call.func.attr in _OF_CONTAINERS:
            return self._all(place, [call.func.value, *call.args[1:]])
        return [self._end(place, call, Kind.UNTRACED)]

    def _called_names(self, place: _Place, call: ast.Call) -> list[str]:
        """What is called, also through a local such as `now = trio.current_time`."""
        names = self._world.callees(place.function, call)
        if not names and isinstance(call.func, ast.Name):
            values = self._p.attributes.locals(place.function).get(call.func.id, [])
            names = [name for value in values if (name := self._world.meaning(place.function, value))]
        return names

    def _returned(self, place: _Place, user: ast.expr, name: str) -> list[Origin]:
        function = self._world.graph.functions.get(name)
        if function is None:
            return []
        inner = self._inside(place, user, name, f"takes what {name} returns")
        inner = attrs.evolve(inner, call=(place.function, user.lineno, user.col_offset))
        if isinstance(function.node, ast.Lambda):
            return self.of(inner, function.node.body)
        found: list[Origin] = []
        for node in self._world.nodes(name):
            if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
                found += self.of(inner, node.value)
        return found

    # --- names ------------------------------------------------------------------------------------

    def _named(self, place: _Place, expression: ast.Name | ast.Attribute) -> list[Origin]:
        root: ast.expr = expression
        while isinstance(root, ast.Attribute):
            root = root.value
        local = self._local(place, root.id) if isinstance(root, ast.Name) else None
        if local is None and (meaning := self._world.meaning(place.function, expression)) is not None:
            known = self._global(place, expression, meaning)
            if known is not None:
                return known
        if isinstance(expression, ast.Attribute):
            return self._attribute(place, expression)
        return local if local is not None else [self._end(place, expression, Kind.UNTRACED)]

    def _global(self, place: _Place, expression: ast.expr, meaning: str) -> list[Origin] | None:
        if meaning in _INFINITE:
            return [self._end(place, expression, Kind.INFINITE)]
        if meaning in self._p.entries or meaning.rpartition(".")[0] in self._p.entries:
            return [self._end(place, expression, Kind.ENTRY)]
        if self._p.is_allowed(meaning):
            return [self._end(place, expression, Kind.ALLOWED)]
        module, _, name = meaning.rpartition(".")
        values = self._p.attributes.constants(module, name)
        if not values:
            return None
        inner = self._inside(place, expression, f"{module}.{MODULE_BODY}", f"reads {meaning}")
        return self._all(inner, values)

    def _local(self, place: _Place, name: str) -> list[Origin] | None:
        """Origins of a local or parameter of the function or of one around it; None when the name is no local."""
        function: str | None = place.function
        while function is not None and function in self._world.graph.functions:
            assigned = self._p.attributes.locals(function).get(name)
            own = attrs.evolve(place, function=function)
            if name in self._world.graph.functions[function].parameters:
                bound = self._parameter(own, name)
                return bound + self._all(own, assigned or [])
            if assigned is not None:
                return self._all(own, assigned)
            function = function.rpartition(".<locals>.")[0] or None
        return None

    def _parameter(self, place: _Place, name: str) -> list[Origin]:
        if name in {"self", "cls"}:
            return []
        bindings = self._world.graph.bound(place.function, name)
        own = [one for one in bindings if (one.caller, one.site.line, one.site.column) == place.call]
        if own:
            bindings = own
        if not bindings:
            node = self._world.graph.functions[place.function].node
            said = f"the parameter {name} of {place.function}"
            if self._is_entry(place.function, name):
                return [Origin(Kind.ENTRY, said, place.hops)]
            if self._p.is_allowed(f"{place.function}.{name}"):
                return [Origin(Kind.ALLOWED, said, place.hops)]
            hop = self._world.hop(place.function, node, f"nobody gives {name}")
            return [Origin(Kind.UNTRACED, said, (hop, *place.hops))]
        return [origin for binding in bindings for origin in self._given(place, binding)]

    def _is_entry(self, function: str, parameter: str) -> bool:
        """Whether a parameter is declared to be an entry: such a thing comes from the registry, whoever gives it."""
        arguments = getattr(self._world.graph.functions[function].node, "args", None)
        if self._p.entry_class is None or not isinstance(arguments, ast.arguments):
            return False
        declared = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        annotations = [
            one.annotation for one in declared if one.arg == parameter and one.annotation is not None
        ]
        return any(self._world.meaning(function, one) == self._p.entry_class for one in annotations)

    def _given(self, place: _Place, binding: Binding) -> list[Origin]:
        if self._p.is_allowed(f"{binding.callee}.{binding.parameter}"):
            return [Origin(Kind.ALLOWED, ast.unparse(binding.expression), place.hops)]
        if self._world.graph.functions.get(binding.caller) is not None and (
            self._world.module(binding.caller) in self._p.registries
        ):  # what the registry itself puts into its entries
            return [Origin(Kind.ENTRY, ast.unparse(binding.expression), place.hops)]
        note = f"gives {binding.parameter} to {binding.callee}"
        caller = binding.caller if self._is_in(binding) else binding.callee
        return self.of(
            _Place(caller, (Hop(binding.caller, binding.site, note), *place.hops)), binding.expression
        )

    def _is_in(self, binding: Binding) -> bool:
        """Whether the expression stands in the caller; a default stands at the callee."""
        caller = self._world.graph.functions.get(binding.caller)
        return (
            caller is None
            or binding.expression.lineno == binding.site.line
            or (caller.line <= binding.expression.lineno <= caller.end_line)
        )

    def _attribute(self, place: _Place, expression: ast.Attribute) -> list[Origin]:
        if expression.attr == "deadline" and not _is_self(expression.value):
            return [
                self._end(place, expression, Kind.CLOCK)
            ]  # of a scope, whose own deadline is looked at there
        properties = [edge.callee for edge in self._world.edges_at(place.function, expression)]
        returned = [origin for name in properties for origin in self._returned(place, expression, name)]
        if returned:
            return returned
        base = self.of(place, expression.value) if not _is_self(expression.value) else []
        if base and all(origin.kind in {Kind.ENTRY, Kind.ALLOWED} for origin in base):
            return base
        stored = self._p.attributes.stored(place.function, expression)
        if any(self._p.is_allowed(f"{owner}.{expression.attr}") for owner in stored.owners):
            return [self._end(place, expression, Kind.ALLOWED)]
        found = [
            origin
            for function, value in stored.values
            for origin in self.of(
                self._inside(place, expression, function, f"reads {expression.attr}"), value
            )
        ]
        for binding in stored.bindings:
            found += self._given(place, binding)
        is_known = stored.values or stored.bindings
        return found if is_known else [self._end(place, expression, Kind.UNTRACED)]

    # --- ends -------------------------------------------------------------------------------------

    def _inside(self, place: _Place, user: ast.expr, function: str, note: str) -> _Place:
        return _Place(function, (self._world.hop(place.function, user, note), *place.hops))

    def _end(self, place: _Place, expression: ast.expr, kind: Kind) -> Origin:
        text = ast.unparse(expression)
        hop = self._world.hop(place.function, expression, text)
        return Origin(kind, text, (hop, *place.hops))


_DURATIONS: Final = {Kind.ENTRY, Kind.ALLOWED, Kind.INFINITE}
_FACTORS: Final = {Kind.NUMBER, Kind.FACTOR}


def _choices(expression: ast.expr) -> list[ast.expr] | None:
    """The expressions one of which an expression gives, or that it is a part of; None when there is no telling."""
    match expression:
        case ast.IfExp(body=body, orelse=other):
            return [body, other]
        case ast.BoolOp(values=values):
            return values
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return parts
        case ast.Dict(values=values):
            return values
        case ast.Await(value=inner) | ast.UnaryOp(operand=inner) | ast.NamedExpr(value=inner):
            return [inner]
        case ast.Subscript(value=whole):
            return [whole]
        case (
            ast.ListComp(elt=one) | ast.SetComp(elt=one) | ast.GeneratorExp(elt=one) | ast.DictComp(value=one)
        ):
            return [one]
        case _:
            return None


def _is_self(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Name) and expression.id in {"self", "cls"}
