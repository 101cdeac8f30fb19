"""Expressions: what each of them may be."""

import ast
from collections.abc import Callable
from typing import ClassVar

from whiteboard.governance.graph import known
from whiteboard.governance.graph.access import joined
from whiteboard.governance.graph.annotations import CALLABLE
from whiteboard.governance.graph.calls import Argument, Arguments
from whiteboard.governance.graph.definitions import define_lambda
from whiteboard.governance.graph.model import EdgeKind
from whiteboard.governance.graph.narrowing import Narrowed, Narrowing, key_of
from whiteboard.governance.graph.slots import NOTHING, Values
from whiteboard.governance.graph.symbols import FunctionSymbol, Variable
from whiteboard.governance.graph.values import Class, Container, Foreign, FunctionValue, Instance

MOST_GUESSES = 4
"""A method name that more classes have is no guess."""

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.MatMult: "matmul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.BitAnd: "and",
}
_COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("__eq__", "__eq__"),
    ast.NotEq: ("__ne__", "__eq__"),
    ast.Lt: ("__lt__", "__gt__"),
    ast.LtE: ("__le__", "__ge__"),
    ast.Gt: ("__gt__", "__lt__"),
    ast.GtE: ("__ge__", "__le__"),
}
_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__"}


class Expressions(Narrowing):
    """Evaluates expressions."""

    def evaluate(self, node: ast.expr) -> Values:
        """The values that an expression may have."""
        evaluator = self._EVALUATORS.get(type(node))
        return NOTHING if evaluator is None else evaluator(self, node)

    def truth(self, node: ast.expr) -> Values:
        """Evaluates what is asked for its truth."""
        values = self.evaluate(node)
        self.run_special(values, ("__bool__", "__len__"), node)
        return values

    def _name(self, node: ast.Name) -> Values:
        if node.id in self.narrowed:
            return self.narrowed[node.id]
        return self.values_of(self.look_up(node.id))

    def _attribute(self, node: ast.Attribute) -> Values:
        values = self.member(self.evaluate(node.value), node.attr, node)
        if self.narrowed:
            key = key_of(node)
            if key is not None and key in self.narrowed:
                return self.narrowed[key]
        return values

    def _constant(self, node: ast.Constant) -> Values:
        if node.value is None or node.value is Ellipsis:
            return NOTHING
        return self.foreign_instance(f"builtins.{type(node.value).__name__}")

    def _call_expression(self, node: ast.Call) -> Values:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "__await__" and not node.args:
            self.calls[node] = ""
            return self.evaluate(node.func.value)  # what awaiting gives, in our reckoning
        callees = self.evaluate(node.func)
        given = self._arguments(node)
        reason = self._reason(node, callees)
        self.calls[node] = reason
        if not callees and isinstance(node.func, ast.Attribute):
            return self._guess(node, node.func, given)
        return self.call(callees, given, node)

    def _arguments(self, node: ast.Call) -> Arguments:
        positional: list[Argument] = []
        spread: Values = NOTHING
        for each in node.args:
            if not isinstance(each, ast.Starred):
                positional.append(Argument(each, self.evaluate(each)))
                continue
            values = self.evaluate(each.value)
            if (
                each is node.args[-1]
                and values
                and all(isinstance(one, Container) and one.parts for one in values)
            ):
                positional += [Argument(None, part) for part in self._by_place(values)]
                spread |= joined(self.read(one.items) for one in values if isinstance(one, Container))
            else:
                spread |= self.elements(values, each)
        keywords: dict[str, Argument] = {}
        by_name: Values = NOTHING
        for keyword in node.keywords:
            values = self.evaluate(keyword.value)
            if keyword.arg is None:
                by_name |= joined(self.read(each.items) for each in values if isinstance(each, Container))
            else:
                keywords[keyword.arg] = Argument(keyword.value, values)
        is_spread = any(isinstance(each, ast.Starred) for each in node.args) or any(
            keyword.arg is None for keyword in node.keywords
        )
        return Arguments(tuple(positional), keywords, spread, by_name, is_spread)

    def _by_place(self, values: Values) -> list[Values]:
        """What stands at each place of the tuples."""
        tuples = [each.parts for each in values if isinstance(each, Container)]
        longest = max(len(parts) for parts in tuples)
        return [joined(self.read(parts[i]) for parts in tuples if i < len(parts)) for i in range(longest)]

    def _reason(self, node: ast.Call, callees: Values) -> str:
        """Why a call leads nowhere, or nothing if it leads somewhere."""
        if any(not (isinstance(each, Container) and each.type_name == CALLABLE) for each in callees):
            return ""
        written = (
            ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else "what is called"
        )
        if callees:
            return f"no function of the package is known to reach {written}"
        if isinstance(node.func, ast.Attribute) and self.evaluate(node.func.value):
            return f"nothing is known to be put into {written}"
        if isinstance(node.func, ast.Attribute):
            return f"the type of {ast.unparse(node.func.value)[:60]} is unknown"
        return f"it is unknown what {written} may be"

    def _guess(self, node: ast.Call, func: ast.Attribute, given: Arguments) -> Values:
        """The receiver is unknown: a telling method name of few classes is taken for theirs."""
        if func.attr in known.TELLING:
            return self.call_foreign(known.TELLING[func.attr], given, node, EdgeKind.CALL)
        if func.attr in known.COMMON_METHODS or func.attr.startswith("__"):
            self._refer(EdgeKind.REFERENCE, given, node)
            return NOTHING
        found = [
            symbol.names[func.attr]
            for symbol in self.world.classes.with_method(func.attr)
            if func.attr in symbol.names
        ]
        methods = [each for each in found if isinstance(each, FunctionSymbol)]
        if not 0 < len(methods) <= MOST_GUESSES:
            self._refer(EdgeKind.REFERENCE, given, node)
            return NOTHING
        bound = frozenset(self.world.pool.function(method, 1) for method in methods)
        return self.call(bound, given, node, EdgeKind.BY_NAME)

    def _lambda(self, node: ast.Lambda) -> Values:
        symbol = self.world.lambdas.get(node)
        if symbol is None:
            symbol = define_lambda(self.world.symbols, node, self.function, self.owner)
            self.world.lambdas[node] = symbol
            self.world.declare_function(symbol)
            self.world.schedule(self.beside(symbol))
        self.defaults(symbol)
        return frozenset([self.world.pool.function(symbol)])

    def beside(self, symbol: FunctionSymbol) -> "Expressions":
        """The reader of another function."""
        return type(self)(self.world, symbol)

    def defaults(self, symbol: FunctionSymbol) -> None:
        """The defaults of parameters, evaluated where the function is defined."""
        arguments = symbol.arguments
        if arguments is None:
            return
        positional = [*arguments.posonlyargs, *arguments.args]
        pairs = list(
            zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
        )
        pairs += [
            (argument, default)
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if default is not None
        ]
        for argument, default in pairs:
            variable = symbol.names.get(argument.arg)
            values = self.evaluate(default)
            if isinstance(variable, Variable):
                self.flow(variable.slot, values)

    def _choice(self, node: ast.IfExp) -> Values:
        self.truth(node.test)
        with self.narrowing(node.test):
            chosen = self.evaluate(node.body)
        with Narrowed(self, self.narrowed_without(node.test)):
            return chosen | self.evaluate(node.orelse)

    def _either(self, node: ast.BoolOp) -> Values:
        result: Values = NOTHING
        known_here: dict[str, Values] = {}
        for each in node.values:
            with Narrowed(self, known_here):
                result |= self.truth(each)
                says = self.narrowed_by(each) if isinstance(node.op, ast.And) else self.narrowed_without(each)
                known_here = {**known_here, **says}
        return result

    def _not(self, node: ast.UnaryOp) -> Values:
        if isinstance(node.op, ast.Not):
            self.truth(node.operand)
            return self.foreign_instance("builtins.bool")
        values = self.evaluate(node.operand)
        plain = frozenset(each for each in values if not isinstance(each, Instance))
        return plain | self.run_special(values, (_UNARY[type(node.op)],), node)

    def _binary(self, node: ast.BinOp) -> Values:
        return self.operate(self.evaluate(node.left), self.evaluate(node.right), node.op, node)

    def operate(
        self, left: Values, right: Values, operator: ast.operator, node: ast.BinOp | ast.AugAssign
    ) -> Values:
        """`left operator right`."""
        name = _OPERATORS[type(operator)]
        names = (f"__{name}__",) if isinstance(node, ast.BinOp) else (f"__i{name}__", f"__{name}__")
        made = self.run_special(left, names, node, Arguments((Argument(None, right),)))
        made |= self.run_special(right, (f"__r{name}__",), node, Arguments((Argument(None, left),)))
        if isinstance(operator, ast.Mod) and any(each is self._text_value() for each in left):
            return self.foreign_instance("builtins.str")
        if (
            isinstance(operator, ast.Div)
            and any(isinstance(each, Foreign) is False for each in left)
            and not made
        ):
            paths = self.foreign_instance("pathlib.Path") & (left | right)
            return paths or left
        return made | frozenset(each for each in left | right if not isinstance(each, Instance))

    def _text_value(self) -> object:
        return self.world.pool.foreign_instance("builtins.str")

    def _compare(self, node: ast.Compare) -> Values:
        left = self.evaluate(node.left)
        for operator, each in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(each)
            if isinstance(operator, ast.In | ast.NotIn):
                given = Arguments((Argument(node.left, left),))
                self.run_special(right, ("__contains__", "__iter__"), node, given)
                self.run_special(left, ("__hash__",), node)
                self.run_special(left, ("__eq__",), node)
            elif type(operator) in _COMPARISONS:
                names = _COMPARISONS[type(operator)]
                self.run_special(
                    left,
                    names[:1] if names[0] != "__ne__" else names,
                    node,
                    Arguments((Argument(each, right),)),
                )
                self.run_special(right, names[1:], node, Arguments((Argument(node.left, left),)))
            left = right
        return self.foreign_instance("builtins.bool")

    def _subscript(self, node: ast.Subscript) -> Values:
        values = self.evaluate(node.value)
        key = self.evaluate(node.slice)
        generic = [each for each in values if isinstance(each, Foreign | Class)]
        if generic:  # `list[int]`, `open_memory_channel[int]`
            return frozenset(generic)
        if isinstance(node.slice, ast.Slice):
            return values | self.run_special(values, ("__getitem__",), node)
        self.run_special(key, ("__hash__",), node)
        return self.item(values, node, _index(node.slice), key)

    def _slice(self, node: ast.Slice) -> Values:
        for each in (node.lower, node.upper, node.step):
            if each is not None:
                self.evaluate(each)
        return NOTHING

    def _joined_text(self, node: ast.JoinedStr) -> Values:
        for each in node.values:
            if isinstance(each, ast.FormattedValue):
                self._formatted(each)
        return self.foreign_instance("builtins.str")

    def _formatted(self, node: ast.FormattedValue) -> Values:
        values = self.evaluate(node.value)
        names = ("__repr__",) if node.conversion == ord("r") else ("__format__", "__str__", "__repr__")
        self.run_special(values, names, node)
        if node.format_spec is not None:
            self.evaluate(node.format_spec)
        return self.foreign_instance("builtins.str")

    def _tuple(self, node: ast.Tuple) -> Values:
        if any(isinstance(each, ast.Starred) for each in node.elts):
            return self._list(node)
        return self.paired(node, *(self.evaluate(each) for each in node.elts))

    def _list(self, node: ast.List | ast.Set | ast.Tuple) -> Values:
        kind = f"builtins.{type(node).__name__.lower()}"
        items = NOTHING
        for each in node.elts:
            if isinstance(each, ast.Starred):
                items |= self.elements(self.evaluate(each.value), each)
            else:
                items |= self.evaluate(each)
        return self.filled(node, kind, items)

    def _dict(self, node: ast.Dict) -> Values:
        keys = items = NOTHING
        for key, value in zip(node.keys, node.values, strict=True):
            values = self.evaluate(value)
            if key is None:
                for each in values:
                    if isinstance(each, Container):
                        keys |= self.read(each.keys)
                        items |= self.read(each.items)
            else:
                keys |= self.evaluate(key)
                items |= values
        return self.filled(node, "builtins.dict", items, keys)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Values:
        with Narrowed(self, {}):
            self._generators(node.generators)
            items = self.evaluate(node.elt)
        kinds = {
            ast.ListComp: "builtins.list",
            ast.SetComp: "builtins.set",
            ast.GeneratorExp: "typing.Generator",
        }
        return self.filled(node, kinds[type(node)], items)

    def _dict_comprehension(self, node: ast.DictComp) -> Values:
        with Narrowed(self, {}):
            self._generators(node.generators)
            keys, items = self.evaluate(node.key), self.evaluate(node.value)
        return self.filled(node, "builtins.dict", items, keys)

    def _generators(self, generators: list[ast.comprehension]) -> None:
        for each in generators:
            self.assign(each.target, self.elements(self.evaluate(each.iter), each.iter))
            for test in each.ifs:
                self.truth(test)
                self.narrowed.update(self.narrowed_by(test))

    def assign(self, target: ast.expr, values: Values) -> None:
        """Values are assigned to a name, an attribute, an item, or to several of these."""
        if isinstance(target, ast.Name):
            self.narrowed.pop(target.id, None)
            variable = self.look_up(target.id)
            if isinstance(variable, Variable):
                self.flow(variable.slot, values)
        elif isinstance(target, ast.Attribute):
            self.narrowed.pop(key_of(target) or "", None)
            self.assign_member(self.evaluate(target.value), target.attr, values, target)
        elif isinstance(target, ast.Subscript):
            self.put_item(self.evaluate(target.value), self.evaluate(target.slice), values, target)
        elif isinstance(target, ast.Tuple | ast.List):
            self._assign_parts(target.elts, values)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, values)

    def _assign_parts(self, targets: list[ast.expr], values: Values) -> None:
        starred = next((i for i, each in enumerate(targets) if isinstance(each, ast.Starred)), None)
        for i, each in enumerate(targets):
            if isinstance(each, ast.Starred):
                self.assign(each.value, self.filled(each, "builtins.list", self.elements(values, each)))
            else:
                index = i if starred is None or i < starred else i - len(targets)
                self.assign(each, self.part(values, index, each))

    def _walrus(self, node: ast.NamedExpr) -> Values:
        values = self.evaluate(node.value)
        self.assign(node.target, values)
        return values

    def _await(self, node: ast.Await) -> Values:
        values = self.evaluate(node.value)
        if isinstance(node.value, ast.Call):
            return values  # the call has given what its awaiting gives
        made = self.run_special(values, ("__await__",), node)
        return (
            joined(
                self.read(each.items) if isinstance(each, Container) else frozenset([each]) for each in made
            )
            or values
        )

    def _yield(self, node: ast.Yield) -> Values:
        if node.value is not None:
            self.flow(self.function.yields, self.evaluate(node.value))
        return NOTHING

    def _yield_from(self, node: ast.YieldFrom) -> Values:
        values = self.evaluate(node.value)
        self.flow(self.function.yields, self.elements(values, node))
        sources = joined(self.read(each.sources) for each in values if isinstance(each, Container))
        return joined(self.read(each.symbol.returns) for each in sources if isinstance(each, FunctionValue))

    def _starred(self, node: ast.Starred) -> Values:
        return self.elements(self.evaluate(node.value), node)

    _EVALUATORS: ClassVar[dict[type[ast.expr], Callable[..., Values]]] = {
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Constant: _constant,
        ast.Call: _call_expression,
        ast.Lambda: _lambda,
        ast.IfExp: _choice,
        ast.BoolOp: _either,
        ast.UnaryOp: _not,
        ast.BinOp: _binary,
        ast.Compare: _compare,
        ast.Subscript: _subscript,
        ast.Slice: _slice,
        ast.JoinedStr: _joined_text,
        ast.FormattedValue: _formatted,
        ast.Tuple: _tuple,
        ast.List: _list,
        ast.Set: _list,
        ast.Dict: _dict,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.GeneratorExp: _comprehension,
        ast.DictComp: _dict_comprehension,
        ast.NamedExpr: _walrus,
        ast.Await: _await,
        ast.Yield: _yield,
        ast.YieldFrom: _yield_from,
        ast.Starred: _starred,
    }


def _index(node: ast.expr) -> int | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
    ):
        return -node.operand.value if isinstance(node.operand.value, int) else None
    return None
