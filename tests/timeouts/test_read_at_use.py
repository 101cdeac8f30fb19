"""Configuration puts durations in force after the package is imported."""

import ast
from collections.abc import Iterator
from pathlib import Path

import whiteboard
from whiteboard import timeouts

PACKAGE = Path(whiteboard.__file__).parent
OWN_SETTINGS = {"config/settings.py"}
"""Its defaults are the registry's; `Settings.durations` puts in force what became of them."""


def test_nothing_keeps_a_duration_from_import_time() -> None:
    """No module, class or default of a parameter reads `.seconds`: what is copied there is not overridden."""
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if str(path.relative_to(PACKAGE)) not in OWN_SETTINGS
        for line in _read_at_import(ast.parse(path.read_text("utf-8")))
    ]
    assert found == []


def test_a_copy_is_found() -> None:
    """At the top, in a class and in a default; not in a function."""
    text = (
        "A = timeouts.HELLO.seconds\nclass B:\n    c = 2 * timeouts.COMMIT.seconds\n"
        "def d(e=timeouts.HELLO.seconds):\n    return timeouts.HELLO.seconds\nf = lambda: timeouts.HELLO.seconds\n"
    )
    assert list(_read_at_import(ast.parse(text))) == [1, 3, 4]


def _read_at_import(tree: ast.AST) -> Iterator[int]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for default in [*node.args.defaults, *node.args.kw_defaults, *node.decorator_list]:
                yield from _read_at_import(ast.Module([ast.Expr(default)], [])) if default else ()
        elif isinstance(node, ast.Attribute) and node.attr in {"seconds", "milliseconds"}:
            if isinstance(node.value, ast.Attribute) and node.value.attr in CONSTANTS:
                yield node.lineno
        elif not isinstance(node, ast.Lambda):
            yield from _read_at_import(node)


CONSTANTS = {one.constant for one in timeouts.REGISTRY.values()}
