"""`pattern`: a small piece of code that must not stand somewhere.

    scope: {functions: ["pkg.*"], except: ["pkg.cli.*"]}
    forbid: ["print(...)", "$X.shield = True", "open($PATH, 'w')"]

`$NAME` stands for any expression, twice the same name for twice the same one; `...` among arguments for any others.
Names mean what they mean at the module's top: `trio.sleep(0)` also finds `from trio import sleep as nap; nap(0)`.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

import attrs

from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding, Verdict, numbered
from whiteboard.governance.rules.placing import place
from whiteboard.governance.rules.scope import EVERYWHERE, Scope
from whiteboard.governance.rules.world import World, dotted_of

_HOLE: Final = "hole_of_a_pattern_"


@attrs.frozen
class Spec:
    """What a rule of this kind says."""

    forbid: tuple[str, ...]
    scope: Scope = EVERYWHERE

    def __attrs_post_init__(self) -> None:
        for text in self.forbid:
            parse(text)


def check(rule: Rule, world: World) -> Verdict:
    """Every place that looks like one of the patterns."""
    spec: Spec = rule.spec
    names = spec.scope.names(world.graph)
    patterns = [(text, parse(text)) for text in spec.forbid]
    found = [finding for name in names for finding in _matches(rule, world, name, patterns)]
    return Verdict(numbered(found), frozenset(names))


def parse(text: str) -> ast.AST:
    """The tree of a pattern: an expression or a statement. Raises ValueError for anything else."""
    try:
        body = ast.parse(re.sub(r"\$([A-Za-z_]\w*)", rf"{_HOLE}\1", text)).body
    except SyntaxError as fault:
        raise ValueError(f"the pattern {text!r} is no Python: {fault.msg}") from fault
    if len(body) != 1:
        raise ValueError(f"the pattern {text!r} has {len(body)} statements; it takes one")
    return body[0].value if isinstance(body[0], ast.Expr) else body[0]


def _matches(rule: Rule, world: World, name: str, patterns: list[tuple[str, ast.AST]]) -> Iterator[Finding]:
    for node in world.nodes(name):
        for text, tree in patterns:
            if isinstance(node, type(tree)) and _Match(world, name).same(tree, node):
                shown = ast.unparse(node).split("\n")[0]
                yield place(rule, world, name, node, sink=shown, message=f"{name} has {shown}, as in {text}")


class _Match:
    """One comparison of a pattern with a node: what its holes stand for is kept."""

    def __init__(self, world: World, function: str) -> None:
        self._world, self._function = world, function
        self._holes: dict[str, str] = {}

    def same(self, pattern: object, node: object) -> bool:
        if isinstance(pattern, ast.Name) and pattern.id.startswith(_HOLE):
            return isinstance(node, ast.expr) and self._holes.setdefault(
                pattern.id, ast.unparse(node)
            ) == ast.unparse(node)
        if isinstance(pattern, list) and isinstance(node, list):
            return self._same_list(pattern, node)
        if isinstance(pattern, ast.Name | ast.Attribute) and isinstance(node, ast.Name | ast.Attribute):
            dotted = dotted_of(pattern)
            if dotted is not None and _HOLE not in dotted:
                return dotted in {dotted_of(node), self._world.meaning(self._function, node)}
        if isinstance(pattern, ast.Call) and isinstance(node, ast.Call) and any(map(_is_rest, pattern.args)):
            return self._same_loosely(pattern, node)
        if isinstance(pattern, ast.AST) and isinstance(node, ast.AST):
            return type(pattern) is type(node) and all(
                self.same(getattr(pattern, field), getattr(node, field))
                for field in pattern._fields
                if field not in {"ctx", "type_comment", "kind"}
            )
        return pattern == node

    def _same_loosely(self, pattern: ast.Call, node: ast.Call) -> bool:
        """With `...` among the arguments, further keywords are welcome too."""
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        return (
            self.same(pattern.func, node.func)
            and self._same_list(list(pattern.args), list(node.args))
            and all(one.arg in given and self.same(one.value, given[one.arg]) for one in pattern.keywords)
        )

    def _same_list(self, pattern: list[object], nodes: list[object]) -> bool:
        if not pattern:
            return not nodes
        if _is_rest(pattern[0]):
            return any(self._same_list(pattern[1:], nodes[start:]) for start in range(len(nodes) + 1))
        return bool(nodes) and self.same(pattern[0], nodes[0]) and self._same_list(pattern[1:], nodes[1:])


def _is_rest(pattern: object) -> bool:
    return isinstance(pattern, ast.Constant) and pattern.value is ...
