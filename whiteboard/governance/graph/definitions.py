"""Reads the symbols of a package off its syntax trees: one walk over the statements of every module."""

import ast
from collections.abc import Iterable, Iterator
from typing import TypeGuard

from whiteboard.governance.graph.model import MODULE_BODY, ImportEdge
from whiteboard.governance.graph.symbols import (
    ClassSymbol,
    Definition,
    FunctionSymbol,
    ImportedModule,
    ImportedName,
    ModuleSymbol,
    Symbols,
    Variable,
)
from whiteboard.governance.sources import Source

DefNode = ast.FunctionDef | ast.AsyncFunctionDef

_BINDING = (
    *(
        ast.stmt,
        ast.Name,
        ast.Attribute,
        ast.Call,
        ast.NamedExpr,
        ast.BoolOp,
        ast.BinOp,
        ast.UnaryOp,
        ast.IfExp,
    ),
    *(
        ast.ListComp,
        ast.SetComp,
        ast.DictComp,
        ast.GeneratorExp,
        ast.comprehension,
        ast.Await,
        ast.Yield,
        ast.YieldFrom,
    ),
    *(
        ast.Compare,
        ast.JoinedStr,
        ast.FormattedValue,
        ast.Subscript,
        ast.Starred,
        ast.Dict,
        ast.Set,
        ast.List,
        ast.Tuple,
    ),
    *(ast.Slice, ast.keyword, ast.ExceptHandler, ast.withitem, ast.match_case, ast.pattern),
)
"""All parts of a function that may bind a name; a lambda has names of its own, and is defined when it is evaluated."""


def define(sources: Iterable[Source]) -> Symbols:
    """The symbols of all modules given."""
    symbols = Symbols()
    for source in sources:
        module = ModuleSymbol(source.module, source)
        symbols.modules[module.name] = module
        _Reader(symbols, module).read()
    return symbols


def imports(module: ModuleSymbol, symbols: Symbols) -> Iterator[ImportEdge]:
    """Every module that a module names in an import, at its top or within a function."""
    checking = _type_checking_lines(module.source.tree)
    for node in module.imports:
        for imported in _imported_modules(node, module, symbols):
            yield ImportEdge(module.name, imported, node.lineno, node.lineno in checking)


def imported_from(node: ast.ImportFrom, source: Source) -> str:
    """The absolute name of the module that `from … import` names."""
    if not node.level:
        return node.module or ""
    parts = source.module.split(".")
    base = parts[: len(parts) - node.level + (1 if source.is_package else 0)]
    return ".".join([*base, node.module] if node.module else base)


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name, also under a call: `@attrs.define(slots=True)` is `define`."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _imported_modules(node: ast.Import | ast.ImportFrom, module: ModuleSymbol, symbols: Symbols) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = imported_from(node, module.source)
    found = [
        f"{base}.{alias.name}" if f"{base}.{alias.name}" in symbols.modules else base for alias in node.names
    ]
    return list(dict.fromkeys(found))


def _type_checking_lines(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in tree.body:
        if isinstance(node, ast.If) and last_name(node.test) == "TYPE_CHECKING":
            for statement in node.body:
                lines.update(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    return lines


def is_function(node: ast.AST) -> TypeGuard[DefNode]:
    """Whether this is a `def` or an `async def`."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


class _Reader:
    """Reads one module. The scope that a name is bound in goes along as the dict that it lands in."""

    def __init__(self, symbols: Symbols, module: ModuleSymbol) -> None:
        self.symbols = symbols
        self.module = module

    def read(self) -> None:
        module = self.module
        module.body = FunctionSymbol(
            f"{module.name}.{MODULE_BODY}", module.source.tree, module, names=module.names
        )
        self.symbols.functions[module.body.name] = module.body
        for statement in module.source.tree.body:
            self._statement(statement, module.body, None)

    def _statement(self, node: ast.AST, scope: FunctionSymbol, owner: ClassSymbol | None) -> None:
        names = owner.names if owner else scope.names
        if is_function(node):
            self._function(node, scope, owner)
        elif isinstance(node, ast.ClassDef):
            self._class(node, scope, owner)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, names)
        else:
            self._bind(node, scope, names)
            for child in _children(node):
                self._statement(child, scope, owner)

    def _function(self, node: DefNode, scope: FunctionSymbol, owner: ClassSymbol | None) -> None:
        decorators = frozenset(last_name(each) for each in node.decorator_list)
        if "overload" in decorators:
            return
        prefix = self._prefix(scope, owner)
        name = f"{prefix}.{node.name}"
        if decorators & {"setter", "deleter"}:
            name += ".setter" if "setter" in decorators else ".deleter"
        function = FunctionSymbol(
            self._unused(name),
            node,
            self.module,
            owner,
            scope,
            decorators=decorators,
        )
        self.symbols.functions[function.name] = function
        if owner and "setter" in decorators:
            owner.setters[node.name] = function
        elif "deleter" not in decorators:
            (owner.names if owner else scope.names)[node.name] = function
        self._parameters(node.args, function)
        for child in node.body:
            self._statement(child, function, None)

    def read_lambda(
        self, node: ast.Lambda, scope: FunctionSymbol, owner: ClassSymbol | None
    ) -> FunctionSymbol:
        name = self._unused(f"{self._prefix(scope, owner)}.<lambda:{node.lineno}>")
        function = FunctionSymbol(name, node, self.module, None, scope)
        self.symbols.functions[name] = function
        self._parameters(node.args, function)
        self._statement(node.body, function, None)
        return function

    def _parameters(self, arguments: ast.arguments, function: FunctionSymbol) -> None:
        for argument in all_arguments(arguments):
            function.names[argument.arg] = Variable(function, annotation=argument.annotation)

    def _class(self, node: ast.ClassDef, scope: FunctionSymbol, owner: ClassSymbol | None) -> None:
        name = self._unused(f"{self._prefix(scope, owner)}.{node.name}")
        decorators = frozenset(last_name(each) for each in node.decorator_list)
        symbol = ClassSymbol(name, node, self.module, scope, owner, decorators=decorators)
        self.symbols.classes[name] = symbol
        (owner.names if owner else scope.names)[node.name] = symbol
        for child in node.body:
            self._statement(child, scope, symbol)

    def _prefix(self, scope: FunctionSymbol, owner: ClassSymbol | None) -> str:
        if owner:
            return owner.name
        return self.module.name if scope is self.module.body else f"{scope.name}.<locals>"

    def _unused(self, name: str) -> str:
        """Conditional definitions of one name are told apart by their number."""
        unused, count = name, 1
        while unused in self.symbols.functions or unused in self.symbols.classes:
            count += 1
            unused = f"{name}#{count}"
        return unused

    def _import(self, node: ast.Import | ast.ImportFrom, names: dict[str, Definition]) -> None:
        self.module.imports.append(node)
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                module = imported_from(node, self.module.source)
                name = f"*{module}" if alias.name == "*" else alias.asname or alias.name
                names[name] = ImportedName(module, alias.name)
            elif alias.asname:
                names[alias.asname] = ImportedModule(alias.name)
            else:
                top = alias.name.split(".", 1)[0]
                names[top] = ImportedModule(top)

    def _bind(self, node: ast.AST, scope: FunctionSymbol, names: dict[str, Definition]) -> None:
        if isinstance(node, ast.Yield | ast.YieldFrom):
            scope.is_generator = True
        elif isinstance(node, ast.Global | ast.Nonlocal):
            scope.foreign.update(node.names)
            if isinstance(node, ast.Global):
                for name in node.names:
                    _variable(self.module.names, name, self.module.body)
        else:
            for name in _bound_names(node):
                if name not in scope.foreign:
                    _variable(names, name, scope)
            self._note(node, scope, names)

    def _note(self, node: ast.AST, scope: FunctionSymbol, names: dict[str, Definition]) -> None:
        """What an assignment says of a variable or of an attribute of `self`."""
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            _note_attribute(node, scope, None)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute):
            _note_attribute(node.target, scope, node.annotation)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            self._note_value(node.target.id, node.annotation, node.value, scope, names)
        elif (
            isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        ):
            self._note_value(node.targets[0].id, None, node.value, scope, names)

    def _note_value(
        self,
        name: str,
        annotation: ast.expr | None,
        value: ast.expr | None,
        scope: FunctionSymbol,
        names: dict[str, Definition],
    ) -> None:
        variable = names.get(name) if name in scope.foreign else _variable(names, name, scope)
        if isinstance(variable, Variable):
            variable.annotation = variable.annotation or annotation
            variable.value = variable.value or value


def _note_attribute(target: ast.Attribute, scope: FunctionSymbol, annotation: ast.expr | None) -> None:
    owner = _own_attributes(target, scope)
    if owner is not None:
        variable = owner.on_instances.setdefault(target.attr, Variable(scope, on_instance=True))
        variable.annotation = variable.annotation or annotation


def _bound_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id] if isinstance(node.ctx, ast.Store) else []
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    return []


def all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    """Every parameter, in the order in which they are written."""
    found = [*arguments.posonlyargs, *arguments.args]
    if arguments.vararg:
        found.append(arguments.vararg)
    found.extend(arguments.kwonlyargs)
    if arguments.kwarg:
        found.append(arguments.kwarg)
    return found


def _variable(names: dict[str, Definition], name: str, scope: FunctionSymbol) -> Variable:
    found = names.get(name)
    if isinstance(found, Variable):
        return found
    variable = Variable(scope)
    if found is None:  # a name that is both defined and assigned keeps its definition
        names[name] = variable
    return variable


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement or expression that may bind names; constants and operators do not."""
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            for each in value:
                if isinstance(each, _BINDING):
                    yield each
        elif isinstance(value, _BINDING):
            yield value


def _own_attributes(target: ast.Attribute, scope: FunctionSymbol) -> ClassSymbol | None:
    """The class whose method, around this place, has the target's name as its first parameter."""
    if not isinstance(target.value, ast.Name):
        return None
    name = target.value.id
    while scope.outer is not None:
        arguments = scope.arguments
        if scope.is_method and arguments and arguments.args and arguments.args[0].arg == name:
            return scope.owner
        scope = scope.outer
    return None


def define_lambda(
    symbols: Symbols, node: ast.Lambda, scope: FunctionSymbol, owner: ClassSymbol | None
) -> FunctionSymbol:
    """A lambda that stands in a function or in the body of a class. It is called after its line."""
    return _Reader(symbols, scope.module).read_lambda(node, scope, owner)
