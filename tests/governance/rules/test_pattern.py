"""Patterns: pieces of code with holes."""

import pytest
from governance_samples import rule_of

from whiteboard.governance.rules.examples import judge


@pytest.mark.parametrize(
    ("pattern", "body"),
    [
        ("print(...)", "print('a', 'b', end='')  # found\n    pprint('a')"),
        ("trio.sleep(0)", "nap(0)  # found\n    nap(1)"),
        ("$X.shield = True", "scope.shield = True  # found\n    scope.shield = False"),
        ("$X == $X", "a == a  # found\n    a == b"),
        ("open($PATH, 'w')", "open('x', 'w')  # found\n    open('x')"),
        ("open(..., mode='w')", "open('x', mode='w', buffering=1)  # found\n    open('x', mode='r')"),
        ("raise NotImplementedError", "raise NotImplementedError  # found"),
        ("f(1, ..., 2)", "f(1, 3, 4, 2)  # found\n    f(1, 2)  # found\n    f(1)"),
    ],
)
def test_a_pattern_finds_what_looks_like_it(pattern: str, body: str) -> None:
    """Names mean what they mean at the module's top; holes stand for one expression, the same for the same name."""
    code = f"# file: pkg/a.py\nfrom trio import sleep as nap\ndef g(scope, a, b):\n    {body}\n"
    assert judge(rule_of("kind: pattern", forbid=[pattern]), code) == []


def test_a_pattern_is_looked_for_in_its_scope_only() -> None:
    """Elsewhere the same code is fine."""
    rule = rule_of(
        "kind: pattern\nforbid: [print(...)]\nscope: {functions: ['pkg.*'], except: ['pkg.cli.*']}"
    )
    code = "# file: pkg/a.py\ndef f():\n    print()  # found\n# file: pkg/cli.py\ndef f():\n    print()\n"
    assert judge(rule, code) == []
