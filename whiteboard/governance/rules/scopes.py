"""Cancel scopes as the text shows them: which have a deadline, which are shielded, and what stands inside."""

import ast
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from whiteboard.governance.rules.placing import argument
from whiteboard.governance.rules.scope import matcher
from whiteboard.governance.rules.world import World

TIMED: Final = ("fail_after", "move_on_after", "fail_at", "move_on_at")
_LIBRARIES: Final = ("trio", "anyio")


@attrs.frozen
class Guard:
    """What the scopes around a place give."""

    is_timed: bool = False
    is_shielded: bool = False
    """By a scope that has a deadline, or is inside one that is shielded and has one inside."""
    cleanup: str | None = None
    """Why the place runs when its task is cancelled."""


@attrs.frozen
class Waiting:
    """A place that may wait: an `await`, `async with` or `async for`."""

    node: ast.AST
    guard: Guard
    call: ast.Call | None
    """What is awaited, where it is a call."""


def library_name(callee: str) -> str:
    """What Trio and AnyIO both call it, such as `fail_after`; nothing for what is neither's."""
    library, _, last = callee.rpartition(".")
    return last if library in _LIBRARIES else ""


class Scopes:
    """Reads the scopes of functions; `timed` are further context managers that set a deadline."""

    def __init__(self, world: World, timed: tuple[str, ...] = ()) -> None:
        self._world = world
        self._is_own = matcher(timed)

    def waits(self, name: str) -> list[Waiting]:
        """Every place of a function that may wait, with what guards it."""
        function = self._world.graph.functions[name]
        body = getattr(function.node, "body", [])
        cleanup = "__aexit__" if name.rpartition(".")[2] == "__aexit__" else None
        reader = _Reader(lambda item: self._given(name, item), lambda kind: self._is_cancelled(name, kind))
        return list(reader.block(body, Guard(cleanup=cleanup))) if isinstance(body, list) else []

    def is_scope(self, name: str, call: ast.Call) -> bool:
        """Whether a call makes a cancel scope of Trio or AnyIO."""
        return any(library_name(callee) == "CancelScope" for callee in self._world.callees(name, call))

    def _given(self, name: str, item: ast.withitem) -> tuple[bool, bool]:
        """Whether a `with` item sets a deadline, and whether it shields."""
        call = item.context_expr
        if not isinstance(call, ast.Call):
            return False, False
        shields = is_true(argument(call, None, "shield"))
        for callee in self._world.callees(name, call):
            last = library_name(callee)
            if self._is_own(callee) or last in TIMED:
                return True, shields
            if last == "CancelScope":
                return has_deadline(call), shields
        return False, False

    def _is_cancelled(self, name: str, kind: ast.expr | None) -> bool:
        """Whether a handler of this kind takes Cancelled."""
        if kind is None:
            return True
        kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
        return any((self._world.meaning(name, each) or ast.unparse(each)) in _CANCELLED for each in kinds)


_CANCELLED: Final = frozenset({"trio.Cancelled", "BaseException", "builtins.BaseException"})


def has_deadline(call: ast.Call) -> bool:
    """Whether a `CancelScope(…)` is given a deadline other than infinity."""
    given = argument(call, None, "deadline", "relative_deadline")
    return given is not None and ast.unparse(given) not in {"math.inf", "inf"}


def is_true(value: ast.expr | None) -> bool:
    """Whether an argument is given and may be true."""
    return value is not None and not (isinstance(value, ast.Constant) and not value.value)


class _Reader:
    """Walks statements with the guard around them."""

    def __init__(
        self,
        given: Callable[[ast.withitem], tuple[bool, bool]],
        is_cancelled: Callable[[ast.expr | None], bool],
    ) -> None:
        self._given = given
        self._is_cancelled = is_cancelled

    def block(self, statements: list[ast.stmt], guard: Guard) -> Iterator[Waiting]:
        for statement in statements:
            yield from self.statement(statement, guard)

    def statement(self, node: ast.AST, guard: Guard) -> Iterator[Waiting]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            return
        if isinstance(node, ast.Try | ast.TryStar):
            yield from self._try(node, guard)
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield from self._with(node, guard)
        else:
            yield from self._plain(node, guard)

    def _try(self, node: ast.Try | ast.TryStar, guard: Guard) -> Iterator[Waiting]:
        yield from self.block(node.body, guard)
        for handler in node.handlers:
            takes = self._is_cancelled(handler.type) and guard.cleanup is None
            inner = attrs.evolve(guard, cleanup="except Cancelled") if takes else guard
            yield from self.block(handler.body, inner)
        yield from self.block(node.orelse, guard)
        inner = guard if guard.cleanup else attrs.evolve(guard, cleanup="finally")
        yield from self.block(node.finalbody, inner)

    def _with(self, node: ast.With | ast.AsyncWith, guard: Guard) -> Iterator[Waiting]:
        inner = guard
        for item in node.items:
            yield from self.statement(item.context_expr, inner)
            timed, shields = self._given(item)
            shields = shields or self._shields_itself(node, item)
            inner = attrs.evolve(
                inner, is_timed=inner.is_timed or timed, is_shielded=inner.is_shielded or shields
            )
            if isinstance(node, ast.AsyncWith):
                call = item.context_expr if isinstance(item.context_expr, ast.Call) else None
                yield Waiting(node, inner, call)
        yield from self.block(node.body, inner)

    @staticmethod
    def _shields_itself(node: ast.With | ast.AsyncWith, item: ast.withitem) -> bool:
        """`with … as scope: scope.shield = True`."""
        if not isinstance(item.optional_vars, ast.Name):
            return False
        shown = f"{item.optional_vars.id}.shield = True"
        return any(ast.unparse(statement) == shown for statement in node.body)

    def _plain(self, node: ast.AST, guard: Guard) -> Iterator[Waiting]:
        if isinstance(node, ast.Await):
            yield Waiting(node, guard, node.value if isinstance(node.value, ast.Call) else None)
        if isinstance(node, ast.AsyncFor):
            yield Waiting(node, guard, None)
        for child in ast.iter_child_nodes(node):
            yield from self.statement(child, guard)
