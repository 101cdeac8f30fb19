"""Where locals, module constants and attributes get their values, read from the syntax trees once."""

import ast
from collections.abc import Iterator
from typing import Final

import attrs

from whiteboard.governance.graph.model import MODULE_BODY, Binding
from whiteboard.governance.rules.world import World

MAX_OWNERS: Final = 4
"""An attribute of an unknown object is looked up by its name only when so few classes have it."""

Value = tuple[str, ast.expr]
"""A function, and an expression in it."""


@attrs.frozen
class Stored:
    """What is put into an attribute: expressions with their functions, and arguments of constructors."""

    owners: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    bindings: tuple[Binding, ...] = ()


class Attributes:
    """Assignments of a package by name."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._values: dict[tuple[str, str], list[Value]] = {}
        self._owners: dict[str, set[str]] = {}
        self._bases: dict[str, tuple[str, ...]] = {}
        self._constants: dict[tuple[str, str], list[ast.expr]] = {}
        self._locals: dict[str, dict[str, list[ast.expr]]] = {}
        for module, source in world.graph.modules.items():
            self._read_body(module, module, source.tree.body)
        for name, function in world.graph.functions.items():
            if function.class_name is not None:
                self._read_method(name, function.class_name)

    def constants(self, module: str, name: str) -> list[ast.expr]:
        """What a module's top binds to a name."""
        return self._constants.get((module, name), [])

    def locals(self, function: str) -> dict[str, list[ast.expr]]:
        """What a function assigns to its names; what it only unpacks or loops over stands there as the whole."""
        if function not in self._locals:
            names: dict[str, list[ast.expr]] = {}
            for node in self._world.nodes(function):
                for target, value in assignments(node):
                    if isinstance(target, ast.Name):
                        names.setdefault(target.id, []).append(value)
            self._locals[function] = names
        return self._locals[function]

    def stored(self, function: str, expression: ast.Attribute) -> Stored:
        """What an attribute holds: that of the own class and its relatives, else of the few classes that have one."""
        owners = self.owners(function, expression)
        values = tuple(value for owner in owners for value in self._values.get((owner, expression.attr), []))
        bindings = [
            binding
            for owner in owners
            for callee in (owner, f"{owner}.__init__")
            for binding in self._world.graph.bound(callee, expression.attr)
            if not self._is_assigned(owner, expression.attr)
        ]
        return Stored(owners, values, tuple(bindings))

    def values(self, owner: str, attribute: str) -> list[Value]:
        """What is put into an attribute of one class."""
        return self._values.get((owner, attribute), [])

    def _is_assigned(self, owner: str, attribute: str) -> bool:
        """Whether methods store it; then a constructor's argument of the same name is found through them."""
        return any(function.endswith("__init__") for function, _ in self._values.get((owner, attribute), []))

    def owners(self, function: str, expression: ast.Attribute) -> tuple[str, ...]:
        """The classes whose attribute an expression of a function may read."""
        having = self._owners.get(expression.attr, set())
        own = self._class_around(function)
        if (
            own is not None
            and isinstance(expression.value, ast.Name)
            and expression.value.id in {"self", "cls"}
        ):
            return tuple(sorted(having & self._relatives(own)))
        return tuple(sorted(having)) if len(having) <= MAX_OWNERS else ()

    def _class_around(self, function: str | None) -> str | None:
        while function:
            known = self._world.graph.functions.get(function)
            if known is not None and known.class_name is not None:
                return known.class_name
            function = function.rpartition(".<locals>.")[0]
        return None

    def _relatives(self, name: str) -> set[str]:
        """The class with all above and below it."""
        up = self._above(name)
        return up | {other for other in self._bases if up & self._above(other)}

    def _above(self, name: str) -> set[str]:
        found, waiting = {name}, [name]
        while waiting:
            for base in self._bases.get(waiting.pop(), ()):
                if base not in found:
                    found.add(base)
                    waiting.append(base)
        return found & self._bases.keys() | {name}

    # --- reading ----------------------------------------------------------------------------------

    def _read_body(self, module: str, owner: str, body: list[ast.stmt]) -> None:
        for statement in body:
            if isinstance(statement, ast.ClassDef):
                self._read_class(module, f"{owner}.{statement.name}", statement)
                continue
            if isinstance(statement, ast.If | ast.Try):
                self._read_body(
                    module,
                    owner,
                    [one for one in ast.iter_child_nodes(statement) if isinstance(one, ast.stmt)],
                )
            if owner == module:
                for target, value in assignments(statement):
                    if isinstance(target, ast.Name):
                        self._constants.setdefault((module, target.id), []).append(value)

    def _read_class(self, module: str, name: str, node: ast.ClassDef) -> None:
        meanings = (self._world.graph.resolve_name(module, ast.unparse(base)) for base in node.bases)
        self._bases[name] = tuple(meaning for meaning in meanings if meaning is not None)
        for statement in node.body:
            for target, value in assignments(statement):
                if isinstance(target, ast.Name):
                    self._put(name, target.id, f"{module}.{MODULE_BODY}", value)
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                self._owners.setdefault(statement.target.id, set()).add(name)
        self._read_body(module, name, [one for one in node.body if isinstance(one, ast.ClassDef)])

    def _read_method(self, function: str, owner: str) -> None:
        for node in self._world.nodes(function):
            for target, value in assignments(node):
                match _container(target):
                    case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attribute):
                        self._put(owner, attribute, function, value)
                    case _:
                        pass

    def _put(self, owner: str, attribute: str, function: str, value: ast.expr) -> None:
        self._owners.setdefault(attribute, set()).add(owner)
        self._values.setdefault((owner, attribute), []).append((function, value))


def attributes_of(world: World) -> Attributes:
    """The assignments of a world, read once for all rules."""
    return world.once(Attributes)


def assignments(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The targets that a node assigns, each with its value; parts of an unpacked whole get their own part if it is told."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _unpacked(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield target, value
        case ast.Call(
            func=ast.Attribute(attr="append" | "appendleft" | "add" | "insert", value=target),
            args=[*_, value],
        ):
            yield target, value
        case ast.Call(func=ast.Attribute(attr="heappush") | ast.Name(id="heappush"), args=[target, value]):
            yield target, value
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub(), value=value):
            yield target, value
        case ast.NamedExpr(target=target, value=value):
            yield target, value
        case (
            ast.For(target=target, iter=value)
            | ast.AsyncFor(target=target, iter=value)
            | ast.comprehension(target=target, iter=value)
        ):
            yield from _unpacked(target, value)
        case ast.withitem(optional_vars=ast.expr() as target, context_expr=value):
            yield from _unpacked(target, value)
        case _:
            pass


def _container(target: ast.expr) -> ast.expr:
    """What is put into a container is what it holds: `self.x[a][b] = …` is about `self.x`."""
    while isinstance(target, ast.Subscript):
        target = target.value
    return target


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    if not isinstance(target, ast.Tuple | ast.List):
        yield target, value
        return
    parts = (
        value.elts
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        else None
    )
    for place, part in enumerate(target.elts):
        yield from _unpacked(part, value if parts is None else parts[place])
