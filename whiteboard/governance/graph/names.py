"""What names mean: imports, aliases, re-exports, and which classes stand above which."""

import ast
import builtins

from whiteboard.governance.graph.symbols import (
    ClassSymbol,
    Definition,
    FunctionSymbol,
    ImportedModule,
    ImportedName,
    ModuleSymbol,
    Outside,
    Symbols,
    Variable,
)

MOST_ALIASES = 32
"""A chain of re-exports longer than this is taken for a cycle."""

_BUILTINS = frozenset(dir(builtins))
_PROTOCOLS = {"typing.Protocol", "typing_extensions.Protocol"}


class Names:
    """Looks names up in the scopes of a package."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self._members: dict[tuple[str, str], Definition | None] = {}

    def look_up(
        self, name: str, scope: FunctionSymbol, owner: ClassSymbol | None = None
    ) -> Definition | None:
        """What a bare name means in a function, or in the body of the class `owner` that stands in it."""
        if owner and name in owner.names:
            return self.follow(owner.names[name])
        while scope.outer is not None:
            if name in scope.names:
                return self.follow(scope.names[name])
            scope = scope.outer
        return self.at_top(scope.module, name)

    def at_top(self, module: ModuleSymbol, name: str) -> Definition | None:
        """What a bare name means at the top of a module, the builtins included."""
        found = self.member(module, name)
        return Outside(f"builtins.{name}") if found is None and name in _BUILTINS else found

    def dotted(
        self, node: ast.expr, scope: FunctionSymbol, owner: ClassSymbol | None = None
    ) -> Definition | None:
        """What a dotted name means, without looking into variables."""
        if isinstance(node, ast.Name):
            return self.look_up(node.id, scope, owner)
        if isinstance(node, ast.Attribute):
            within = self.dotted(node.value, scope, owner)
            return None if within is None else self.attribute(within, node.attr)
        return None

    def attribute(self, within: Definition, name: str) -> Definition | None:
        """A member of a module or class, or a longer name outside of the package."""
        if isinstance(within, Outside):
            return Outside(f"{within.name}.{name}")
        if isinstance(within, ModuleSymbol):
            return self.member(within, name)
        if isinstance(within, ClassSymbol):
            for each in within.mro or [within]:
                if isinstance(each, ClassSymbol) and name in each.names:
                    return self.follow(each.names[name])
        return None

    def member(self, module: ModuleSymbol, name: str) -> Definition | None:
        """What a module's name means in the end, through imports and submodules."""
        key = (module.name, name)
        if key not in self._members:
            self._members[key] = None  # an import cycle ends here
            self._members[key] = self._find_member(module, name)
        return self._members[key]

    def follow(self, definition: Definition) -> Definition:
        """The thing that an imported name stands for; anything else is itself."""
        for _ in range(MOST_ALIASES):
            if isinstance(definition, ImportedModule):
                return self.module(definition.name)
            if not isinstance(definition, ImportedName):
                return definition
            module = self.symbols.modules.get(definition.module)
            if module is None:
                return Outside(f"{definition.module}.{definition.name}")
            found = self.member(module, definition.name)
            definition = Outside(f"{definition.module}.{definition.name}") if found is None else found
        return definition

    def module(self, name: str) -> ModuleSymbol | Outside:
        """A module of the package, or one from outside."""
        return self.symbols.modules.get(name) or Outside(name)

    def resolve(self, module: str, dotted: str) -> str | None:
        """The qualified name that a dotted name means at the top of a module, or None."""
        found = self.symbols.modules.get(module)
        if found is None:
            return None
        first, *rest = dotted.split(".")
        definition = self.at_top(found, first)
        qualified = f"{module}.{first}"
        for part in rest:
            if definition is None:
                return None
            definition, qualified = self.attribute(definition, part), f"{qualified}.{part}"
        if isinstance(definition, Variable):
            return self._variable_name(definition, found, qualified)
        return getattr(definition, "name", None)

    def _variable_name(self, variable: Variable, module: ModuleSymbol, qualified: str) -> str:
        """A variable is called after the thing it is an alias of, or else where it stands."""
        if variable.value is not None and isinstance(variable.value, ast.Name | ast.Attribute):
            alias = self.dotted(variable.value, module.body)
            if alias is not None and not isinstance(alias, Variable):
                return str(getattr(alias, "name", qualified))
        return qualified

    def _find_member(self, module: ModuleSymbol, name: str) -> Definition | None:
        if name in module.names:
            return self.follow(module.names[name])
        submodule = self.symbols.modules.get(f"{module.name}.{name}")
        if submodule is not None:
            return submodule
        stars = [each for key, each in module.names.items() if key.startswith("*")]
        for star in stars:
            found = self._from_star(star, name) if isinstance(star, ImportedName) else None
            if found is not None:
                return found
        return self._from_star_outside(stars, name)

    def _from_star_outside(self, stars: list[Definition], name: str) -> Definition | None:
        """A name that nothing else explains comes from the one module outside of which everything is taken."""
        outside = [
            each.module
            for each in stars
            if isinstance(each, ImportedName)
            if each.module not in self.symbols.modules
        ]
        return Outside(f"{outside[0]}.{name}") if len(outside) == 1 and name not in _BUILTINS else None

    def _from_star(self, star: ImportedName, name: str) -> Definition | None:
        module = self.symbols.modules.get(star.module)
        return None if module is None else self.member(module, name)


def arrange_classes(symbols: Symbols, names: Names) -> None:
    """Fills in the bases, the order of method resolution and the subclasses of all classes."""
    for symbol in symbols.classes.values():
        for node in symbol.node.bases:
            bare = node.value if isinstance(node, ast.Subscript) else node
            base = names.dotted(bare, symbol.scope, symbol.outer_class)
            if isinstance(base, ClassSymbol | Outside):
                symbol.bases.append(base)
        symbol.is_protocol = any(
            isinstance(base, Outside) and base.name in _PROTOCOLS for base in symbol.bases
        )
    for symbol in symbols.classes.values():
        symbol.mro = _linear(symbol, ())
        for above in symbol.mro[1:]:
            if isinstance(above, ClassSymbol):
                above.subclasses.append(symbol)


def _linear(symbol: ClassSymbol, below: tuple[ClassSymbol, ...]) -> list[ClassSymbol | Outside]:
    """C3, as Python does it; where that fails, depth first."""
    if symbol.mro or symbol in below:
        return symbol.mro or [symbol]
    lines = [
        _linear(base, (*below, symbol)) if isinstance(base, ClassSymbol) else [base] for base in symbol.bases
    ]
    waiting = [list(line) for line in [*lines, symbol.bases] if line]
    order: list[ClassSymbol | Outside] = [symbol]
    while waiting:
        head = next(
            (line[0] for line in waiting if not any(line[0] in other[1:] for other in waiting)), waiting[0][0]
        )
        order.append(head)
        waiting = [rest for line in waiting if (rest := [each for each in line if each != head])]
    return order
