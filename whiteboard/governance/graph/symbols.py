"""What a package defines: modules, classes and functions, each with the slots that its values flow through."""

import ast
from typing import TypeAlias

import attrs

from whiteboard.governance.graph.slots import Slot
from whiteboard.governance.sources import Source

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module


@attrs.frozen
class ImportedModule:
    """A name that stands for a module, of the package or not."""

    name: str


@attrs.frozen
class ImportedName:
    """A name taken from a module by `from module import name`."""

    module: str
    name: str


@attrs.frozen
class Outside:
    """Something that is not defined in the package, under its dotted name."""

    name: str


@attrs.define(eq=False)
class Variable:
    """A name that is assigned."""

    scope: "FunctionSymbol | None" = attrs.field(default=None, repr=False)
    """Where it stands: what the names in its annotation mean."""
    slot: Slot = attrs.field(factory=Slot)
    annotation: ast.expr | None = None
    value: ast.expr | None = None
    """What it is assigned where it is assigned once, as a type alias is."""
    on_instance: bool = False
    """Whether methods assign it through `self`."""


@attrs.define(eq=False)
class FunctionSymbol:
    """A function, method, lambda or module body."""

    name: str
    node: FunctionNode = attrs.field(repr=False)
    module: "ModuleSymbol" = attrs.field(repr=False)
    owner: "ClassSymbol | None" = attrs.field(default=None, repr=False)
    """The class whose body it stands in."""
    outer: "FunctionSymbol | None" = attrs.field(default=None, repr=False)
    """The function whose variables it sees."""
    names: dict[str, "Definition"] = attrs.field(factory=dict, repr=False)
    returns: Slot = attrs.field(factory=Slot, repr=False)
    yields: Slot = attrs.field(factory=Slot, repr=False)
    decorators: frozenset[str] = frozenset()
    """The last parts of its decorators' names, such as `property`."""
    is_generator: bool = False
    wrapped: Slot | None = attrs.field(default=None, repr=False)
    """What its name stands for after its decorators, where these may put something else in its place."""
    foreign: set[str] = attrs.field(factory=set, repr=False)
    """Names that it declares `global` or `nonlocal`."""

    @property
    def is_async(self) -> bool:
        """Whether it is an `async def`."""
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def is_method(self) -> bool:
        """Whether its first parameter is the instance or class that it is called on."""
        return self.owner is not None and "staticmethod" not in self.decorators

    @property
    def arguments(self) -> ast.arguments | None:
        """Its parameters; a module body has none."""
        return None if isinstance(self.node, ast.Module) else self.node.args


@attrs.define(eq=False)
class ClassSymbol:
    """A class with what stands in its body."""

    name: str
    node: ast.ClassDef = attrs.field(repr=False)
    module: "ModuleSymbol" = attrs.field(repr=False)
    scope: FunctionSymbol = attrs.field(repr=False)
    """The function or module body that it stands in."""
    outer_class: "ClassSymbol | None" = attrs.field(default=None, repr=False)
    names: dict[str, "Definition"] = attrs.field(factory=dict, repr=False)
    setters: dict[str, FunctionSymbol] = attrs.field(factory=dict, repr=False)
    on_instances: dict[str, Variable] = attrs.field(factory=dict, repr=False)
    """Attributes that methods assign through `self`."""
    decorators: frozenset[str] = frozenset()
    bases: list["ClassSymbol | Outside"] = attrs.field(factory=list, repr=False)
    mro: list["ClassSymbol | Outside"] = attrs.field(factory=list, repr=False)
    subclasses: list["ClassSymbol"] = attrs.field(factory=list, repr=False)
    """All of them, also the indirect ones."""
    is_protocol: bool = False
    makers: Slot = attrs.field(factory=Slot, repr=False)
    """What its generated constructor calls: factories of defaults, converters, validators."""


@attrs.define(eq=False)
class ModuleSymbol:
    """A module of the package."""

    name: str
    source: Source = attrs.field(repr=False)
    names: dict[str, "Definition"] = attrs.field(factory=dict, repr=False)
    imports: list[ast.Import | ast.ImportFrom] = attrs.field(factory=list, repr=False)
    """Its imports, also those within functions."""
    body: FunctionSymbol = attrs.field(init=False, repr=False)


Definition: TypeAlias = (
    ImportedModule | ImportedName | Outside | Variable | FunctionSymbol | ClassSymbol | ModuleSymbol
)


@attrs.define(eq=False)
class Symbols:
    """All that a package defines, by qualified name."""

    modules: dict[str, ModuleSymbol] = attrs.field(factory=dict)
    classes: dict[str, ClassSymbol] = attrs.field(factory=dict)
    functions: dict[str, FunctionSymbol] = attrs.field(factory=dict)
