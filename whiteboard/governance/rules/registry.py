"""A registry of durations or limits, as its module's text declares it: `NAME = register("name", 2.0, …)`."""

import ast
from typing import Final

import attrs

from whiteboard.governance.rules.world import World, assigned_at_top, dotted_of

_UNITS: Final = {"s": 1.0, "seconds": 1.0, "ms": 0.001, "milliseconds": 0.001, "min": 60.0, "minutes": 60.0}


@attrs.frozen
class RegistrySpec:
    """Where a registry stands."""

    module: str
    """A module, or a package all of whose modules hold entries."""
    function: str | None = "register"
    """What enters a value; None when the module's plain constants are the registry."""
    value: str = "seconds"
    """The keyword that holds the value; else it is the first number among the arguments."""


@attrs.frozen
class Entry:
    """One registered value."""

    variable: str
    """Qualified, such as `pkg.timeouts.HELLO`."""
    value: float | None
    """In seconds where the entry has a unit of time; None when it is no literal."""
    line: int

    @property
    def module(self) -> str:
        """The module that it stands in."""
        return self.variable.rpartition(".")[0]

    @property
    def name(self) -> str:
        """What it is called there."""
        return self.variable.rpartition(".")[2]


def entries(world: World, spec: RegistrySpec) -> dict[str, Entry]:
    """The entries by variable; empty when there is no such module."""
    found = (
        _entry(spec, f"{module}.{name}", value)
        for module, source in world.graph.modules.items()
        if f"{module}.".startswith(f"{spec.module}.")
        for name, value in assigned_at_top(source.tree)
    )
    return {entry.variable: entry for entry in found if entry is not None}


def entry_class(world: World, spec: RegistrySpec) -> str | None:
    """The class that the registry's function says that it returns; None when it does not say, or a plain number.

    Whatever is declared to be of that class has come through the registry. That is so of no `float`.
    """
    if spec.function is None or spec.module not in world.graph.modules:
        return None
    named = (
        world.named(module, spec.function) for module in {one.module for one in entries(world, spec).values()}
    )
    function = next((world.graph.functions[name] for name in named if name in world.graph.functions), None)
    returns = getattr(function.node, "returns", None) if function is not None else None
    if function is None or returns is None:
        return None
    name = world.named(world.module(function.name), ast.unparse(returns).strip("'\""))
    return None if name is None or name.startswith("builtins.") else name


def _entry(spec: RegistrySpec, variable: str, value: ast.expr) -> Entry | None:
    if spec.function is None:
        return Entry(variable, constant(value), value.lineno)
    if not isinstance(value, ast.Call) or (dotted_of(value.func) or "").rpartition(".")[2] != spec.function:
        return None
    keywords = {keyword.arg: keyword.value for keyword in value.keywords if keyword.arg}
    named = keywords.get(spec.value)
    candidates = [named] if named is not None else value.args
    numbers = [number for each in candidates if (number := constant(each)) is not None]
    unit = keywords.get("unit")
    scale = _UNITS.get(str(unit.value), 1.0) if isinstance(unit, ast.Constant) else 1.0
    return Entry(variable, numbers[0] * scale if numbers else None, value.lineno)


def constant(expression: ast.expr) -> float | None:
    """The value of a number or of arithmetic on numbers, such as `4 * 1024`; None of anything else."""
    match expression:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = constant(operand)
            return None if inner is None else -inner
        case ast.BinOp(left=left, op=op, right=right):
            return arithmetic(op, constant(left), constant(right))
        case _:
            return None


def arithmetic(op: ast.operator, left: float | None, right: float | None) -> float | None:
    """Two numbers combined; None where one is missing or the result would be none."""
    if left is None or right is None:
        return None
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div() | ast.FloorDiv() if right:
            return left // right if isinstance(op, ast.FloorDiv) else left / right
        case ast.Pow() if abs(right) < 64 and left:
            return float(left**right)
        case ast.LShift() if 0 <= right < 64:
            return left * 2**right
        case _:
            return None
