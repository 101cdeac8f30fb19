"""What conditions say of names: in a block where `isinstance` holds, fewer values may come."""

import ast

from whiteboard.governance.graph.access import joined
from whiteboard.governance.graph.slots import NOTHING, Values
from whiteboard.governance.graph.stacks import Stacks
from whiteboard.governance.graph.symbols import FunctionSymbol
from whiteboard.governance.graph.values import Container, Instance
from whiteboard.governance.graph.world import World


def key_of(node: ast.expr) -> str | None:
    """A dotted name as text, by which narrowed values are known; nothing for other expressions."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        within = key_of(node.value)
        return None if within is None else f"{within}.{node.attr}"
    return None


class Narrowing(Stacks):
    """Knows what names are narrowed to."""

    def __init__(self, world: World, function: FunctionSymbol) -> None:
        super().__init__(world, function)
        self.narrowed: dict[str, Values] = {}

    def evaluate(self, node: ast.expr) -> Values:
        """The values that an expression may have."""
        raise NotImplementedError

    def narrowing(self, test: ast.expr) -> "Narrowed":
        """A block in which a condition holds."""
        return Narrowed(self, self.narrowed_by(test))

    def narrowed_by(self, test: ast.expr) -> dict[str, Values]:
        """What a condition says of the values of names, where it holds."""
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            found: dict[str, Values] = {}
            for each in test.values:
                found.update(self.narrowed_by(each))
            return found
        if isinstance(test, ast.NamedExpr):
            return {}
        if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and len(test.args) == 2:
            key = key_of(test.args[0])
            if test.func.id == "isinstance" and key is not None:
                return {key: self.narrow(self.evaluate(test.args[0]), test.args[1])}
        return {}

    def narrowed_without(self, test: ast.expr) -> dict[str, Values]:
        """What is known where a condition does not hold."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self.narrowed_by(test.operand)
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
            found: dict[str, Values] = {}
            for each in test.values:
                found.update(self.narrowed_without(each))
            return found
        return {}

    def narrow(self, values: Values, classes: ast.expr) -> Values:
        """Those of the values that are instances of the classes, or else any instance of these."""
        wanted = self._named_classes(classes)
        chosen: Values = NOTHING
        for value in values:
            if any(self._is_below(value, each) for each in wanted):
                chosen |= frozenset([value])
        return chosen or wanted

    def _named_classes(self, node: ast.expr) -> Values:
        if isinstance(node, ast.Tuple):
            return joined(self._named_classes(each) for each in node.elts)
        if isinstance(node, ast.BinOp):
            return self._named_classes(node.left) | self._named_classes(node.right)
        return self.world.annotations.read(node, self.place()).values

    def _is_below(self, value: object, wanted: object) -> bool:
        if isinstance(value, Instance) and isinstance(wanted, Instance):
            return wanted.symbol in value.symbol.mro
        if isinstance(value, Container) and isinstance(wanted, Container):
            return value.type_name.rpartition(".")[2].lower() == wanted.type_name.rpartition(".")[2].lower()
        return value is wanted


class Narrowed:
    """A block in which some names are known to have fewer values."""

    def __init__(self, reading: Narrowing, names: dict[str, Values]) -> None:
        self._reading = reading
        self._names = names
        self._before = reading.narrowed

    def __enter__(self) -> None:
        self._before = self._reading.narrowed
        self._reading.narrowed = {**self._before, **self._names}

    def __exit__(self, *fault: object) -> None:
        self._reading.narrowed = self._before
