"""Statements: reads a whole function, again whenever something that it has read has grown."""

import ast
from collections.abc import Callable
from typing import ClassVar

from whiteboard.governance.graph.access import joined
from whiteboard.governance.graph.calls import Argument, Arguments
from whiteboard.governance.graph.expressions import Expressions
from whiteboard.governance.graph.model import EdgeKind
from whiteboard.governance.graph.narrowing import Narrowed, key_of
from whiteboard.governance.graph.slots import NOTHING, Values
from whiteboard.governance.graph.symbols import ClassSymbol, FunctionSymbol, Variable
from whiteboard.governance.graph.values import Class, Foreign, FunctionValue, Instance
from whiteboard.governance.graph.world import HARMLESS, World


class Reading(Expressions):
    """Reads one function."""

    def __init__(self, world: World, function: FunctionSymbol) -> None:
        super().__init__(world, function)
        self.world.readings[function] = self

    def read_all(self) -> None:
        """Reads it from its first statement to its last."""
        self.forget()
        self.narrowed = {}
        node = self.function.node
        if isinstance(node, ast.Lambda):
            self.flow(self.function.returns, self.evaluate(node.body))
        else:
            self.block(node.body)

    def block(self, statements: list[ast.stmt]) -> None:
        """Reads statements one after the other. A guard narrows what follows it in the block."""
        before = self.narrowed
        for statement in statements:
            reader = self._STATEMENTS.get(type(statement))
            if reader is not None:
                reader(self, statement)
        self.narrowed = before

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        symbol = self.world.defined.get(node)
        if symbol is None:
            return  # an overload
        self.defaults(symbol)
        decorated: Values = frozenset([self.world.pool.function(symbol)])
        for decorator in reversed(node.decorator_list):
            decorated = self._decorated(decorator, decorated, symbol)
        if symbol.wrapped is not None:
            self.flow(symbol.wrapped, decorated)

    def _decorated(self, decorator: ast.expr, values: Values, symbol: FunctionSymbol) -> Values:
        """What a decorator makes of a function."""
        if isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "getter", "deleter"):
            return values
        if isinstance(decorator, ast.Attribute) and decorator.attr in ("validator", "default") and self.owner:
            self.flow(self.owner.makers, frozenset([self.world.pool.function(symbol, 1)]))
            return values
        made_by = self.evaluate(decorator)
        last = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(last, ast.Attribute) and last.attr == "register":
            return self._registered(last, values)
        if symbol.decorators <= HARMLESS:
            return values
        project = frozenset(each for each in made_by if isinstance(each, FunctionValue | Class | Instance))
        given = Arguments((Argument(None, values),))
        if project:
            return self.settle_for(self.call(project, given, decorator), values)
        if not made_by:
            return self.settle_for(NOTHING, values)
        for each in made_by:
            self.edge(symbol.name, EdgeKind.REFERENCE, decorator)
            if isinstance(each, Foreign):
                self.edge(each.name, EdgeKind.CALL, decorator)
        return values

    def _registered(self, decorator: ast.Attribute, values: Values) -> Values:
        """`@generic.register`: the generic function may run this one."""
        for each in self.evaluate(decorator.value):
            if isinstance(each, FunctionValue) and each.symbol.wrapped is not None:
                self.flow(each.symbol.wrapped, values)
        return values

    def _class(self, node: ast.ClassDef) -> None:
        symbol = self.world.defined_classes.get(node)
        if symbol is None:
            return
        for decorator in node.decorator_list:
            self._decorate_class(self.evaluate(decorator), symbol, decorator)
        for base in node.bases:
            self.evaluate(base)
        for keyword in node.keywords:
            self.evaluate(keyword.value)
        above = self.world.classes.find_above(symbol, "__init_subclass__").definitions
        for _, definition in above:
            if isinstance(definition, FunctionSymbol):
                self.edge(definition.name, EdgeKind.CALL, node)
        before, self.owner = self.owner, symbol
        self.block(node.body)
        self.owner = before

    def _decorate_class(self, made_by: Values, symbol: ClassSymbol, node: ast.expr) -> None:
        project = frozenset(each for each in made_by if isinstance(each, FunctionValue | Instance))
        if project:
            self.call(
                project, Arguments((Argument(None, frozenset([self.world.pool.a_class(symbol)])),)), node
            )

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.flow(self.function.returns, self.evaluate(node.value))

    def _expression(self, node: ast.Expr) -> None:
        self.evaluate(node.value)

    def _assignment(self, node: ast.Assign) -> None:
        values = self.evaluate(node.value)
        for target in node.targets:
            self.assign(target, values)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value))

    def _augmented(self, node: ast.AugAssign) -> None:
        target = node.target
        current = self._current(target)
        values = self.operate(current, self.evaluate(node.value), node.op, node)
        self.assign(target, values)

    def _current(self, target: ast.Name | ast.Attribute | ast.Subscript) -> Values:
        """What stands in a target before it is assigned; the evaluators do not look at its context."""
        return self.evaluate(target)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                values = self.evaluate(target.value)
                given = Arguments((Argument(target.slice, self.evaluate(target.slice)),))
                self.run_special(values, ("__delitem__",), target, given)

    def _if(self, node: ast.If) -> None:
        self.truth(node.test)
        with self.narrowing(node.test):
            self.block(node.body)
        with Narrowed(self, self.narrowed_without(node.test)):
            self.block(node.orelse)
        if node.body and isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break):
            self.narrowed = {**self.narrowed, **self.narrowed_without(node.test)}

    def _assert(self, node: ast.Assert) -> None:
        self.truth(node.test)
        if node.msg is not None:
            self.evaluate(node.msg)
        self.narrowed = {**self.narrowed, **self.narrowed_by(node.test)}

    def _while(self, node: ast.While) -> None:
        self.truth(node.test)
        with self.narrowing(node.test):
            self.block(node.body)
        self.block(node.orelse)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.assign(node.target, self.elements(self.evaluate(node.iter), node.iter))
        self.block(node.body)
        self.block(node.orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        is_async = isinstance(node, ast.AsyncWith)
        for item in node.items:
            context = item.context_expr
            values = self.evaluate(context)
            entered = self.enter(values, context, is_async=is_async)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, entered)
        self.block(node.body)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        self.block(node.body)
        for handler in node.handlers:
            if handler.name is not None and handler.type is not None:
                variable = self.look_up(handler.name)
                if isinstance(variable, Variable):
                    self.flow(variable.slot, self._caught(handler.type))
            elif handler.type is not None:
                self.evaluate(handler.type)
            self.block(handler.body)
        self.block(node.orelse)
        self.block(node.finalbody)

    def _caught(self, node: ast.expr) -> Values:
        result: set[Instance | Foreign] = set()
        values: Values = NOTHING
        nodes = node.elts if isinstance(node, ast.Tuple) else [node]
        for each in joined(self.evaluate(one) for one in nodes):
            if isinstance(each, Class):
                result.add(self.world.pool.instance(each.symbol))
            elif isinstance(each, Foreign):
                values |= self.foreign_instance(each.name)
        return values | frozenset(result)

    def _raise(self, node: ast.Raise) -> None:
        for each in (node.exc, node.cause):
            if each is not None:
                values = self.evaluate(each)
                classes = frozenset(value for value in values if isinstance(value, Class))
                self.call(classes, Arguments(), each)

    def _match(self, node: ast.Match) -> None:
        subject = self.evaluate(node.subject)
        key = key_of(node.subject)
        for case in node.cases:
            chosen = self._pattern(case.pattern, subject)
            known = {} if key is None or chosen is subject else {key: chosen}
            with Narrowed(self, known):
                if case.guard is not None:
                    self.truth(case.guard)
                    self.narrowed = {**self.narrowed, **self.narrowed_by(case.guard)}
                self.block(case.body)

    def _pattern(self, pattern: ast.pattern, subject: Values) -> Values:
        """What a pattern lets through; its names are assigned."""
        matcher = self._PATTERNS.get(type(pattern))
        return subject if matcher is None else matcher(self, pattern, subject)

    def _match_value(self, pattern: ast.MatchValue, subject: Values) -> Values:
        self.evaluate(pattern.value)
        self.run_special(subject, ("__eq__",), pattern)
        return subject

    def _match_as(self, pattern: ast.MatchAs, subject: Values) -> Values:
        chosen = subject if pattern.pattern is None else self._pattern(pattern.pattern, subject)
        if pattern.name is not None:
            self._capture(pattern.name, chosen)
        return chosen

    def _match_or(self, pattern: ast.MatchOr, subject: Values) -> Values:
        return joined(self._pattern(each, subject) for each in pattern.patterns)

    def _match_class(self, pattern: ast.MatchClass, subject: Values) -> Values:
        chosen = self.narrow(subject, pattern.cls)
        for name, each in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
            self._pattern(each, self.member(chosen, name, pattern))
        for i, each in enumerate(pattern.patterns):
            self._pattern(each, joined(self._positional(value, i, pattern) for value in chosen))
        return chosen

    def _positional(self, value: object, index: int, pattern: ast.MatchClass) -> Values:
        if isinstance(value, Instance):
            fields = self.world.classes.fields(value.symbol)
            return (
                self.member(frozenset([value]), fields[index][0], pattern) if index < len(fields) else NOTHING
            )
        return frozenset([value])  # type: ignore[list-item]  # `case str(text)` gives the text itself

    def _match_sequence(self, pattern: ast.MatchSequence, subject: Values) -> Values:
        starred = next(
            (i for i, each in enumerate(pattern.patterns) if isinstance(each, ast.MatchStar)), None
        )
        for i, each in enumerate(pattern.patterns):
            if isinstance(each, ast.MatchStar):
                if each.name is not None:
                    self._capture(
                        each.name, self.filled(each, "builtins.list", self.elements(subject, pattern))
                    )
            else:
                index = i if starred is None or i < starred else i - len(pattern.patterns)
                self._pattern(each, self.part(subject, index, pattern))
        return subject

    def _match_mapping(self, pattern: ast.MatchMapping, subject: Values) -> Values:
        for key, each in zip(pattern.keys, pattern.patterns, strict=True):
            self._pattern(each, self.item(subject, pattern, None, self.evaluate(key)))
        if pattern.rest is not None:
            self._capture(pattern.rest, subject)
        return subject

    def _capture(self, name: str, values: Values) -> None:
        variable = self.look_up(name)
        if isinstance(variable, Variable):
            self.flow(variable.slot, values)

    _STATEMENTS: ClassVar[dict[type[ast.stmt], Callable[..., None]]] = {
        ast.FunctionDef: _function,
        ast.AsyncFunctionDef: _function,
        ast.ClassDef: _class,
        ast.Return: _return,
        ast.Expr: _expression,
        ast.Assign: _assignment,
        ast.AnnAssign: _annotated,
        ast.AugAssign: _augmented,
        ast.Delete: _delete,
        ast.If: _if,
        ast.Assert: _assert,
        ast.While: _while,
        ast.For: _for,
        ast.AsyncFor: _for,
        ast.With: _with,
        ast.AsyncWith: _with,
        ast.Try: _try,
        ast.TryStar: _try,
        ast.Raise: _raise,
        ast.Match: _match,
    }

    _PATTERNS: ClassVar[dict[type[ast.pattern], Callable[..., Values]]] = {
        ast.MatchValue: _match_value,
        ast.MatchAs: _match_as,
        ast.MatchOr: _match_or,
        ast.MatchClass: _match_class,
        ast.MatchSequence: _match_sequence,
        ast.MatchMapping: _match_mapping,
    }
