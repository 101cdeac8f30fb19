"""Rules about imports: layers, forbidden ways and circles."""

import pytest
from governance_samples import rule_of, world_of

from whiteboard.governance.rules import kinds
from whiteboard.governance.rules.examples import judge

LAYERS = "kind: imports\npackage: pkg\nlayers: [app, 'web | jobs', 'store : cache', core]"


@pytest.mark.parametrize(
    "line",
    [
        "# file: pkg/core/a.py\nimport pkg.app.main  # found\n# file: pkg/app/main.py",
        "# file: pkg/web/a.py\nfrom pkg.jobs import b  # found\n# file: pkg/jobs/b.py",
        "# file: pkg/app/a.py\nfrom pkg import core\n# file: pkg/core/b.py",
        "# file: pkg/store/a.py\nfrom pkg.cache import b\n# file: pkg/cache/b.py",
        "# file: pkg/core/a.py\ndef f():\n    from pkg.app import main  # found\n# file: pkg/app/main.py",
        "# file: pkg/elsewhere/a.py\nimport pkg.app\n# file: pkg/app/main.py",
    ],
)
def test_layers_let_imports_point_down_only(line: str) -> None:
    """`|` keeps neighbours apart, `:` does not; a module outside of every layer is not judged."""
    assert judge(rule_of(LAYERS), line + "\n") == []


def test_a_forbidden_import_is_found_through_others_with_its_chain() -> None:
    """The chain names each import on the way."""
    world = world_of(
        "# file: pkg/core/a.py\nimport pkg.util.b\n# file: pkg/util/b.py\nfrom pkg.util import c\n"
        "# file: pkg/util/c.py\nimport sqlite3\n"
    )
    rule = rule_of("kind: imports\nfrom: ['pkg.core.*']\nforbid: [sqlite3]")
    (finding,) = kinds.check(rule, world).findings
    assert finding.message == "pkg.core.a imports sqlite3 through 2 others"
    assert [hop.site.text for hop in finding.chain] == [
        "import pkg.util.b",
        "from pkg.util import c",
        "import sqlite3",
    ]


@pytest.mark.parametrize("more", ["direct: true", "allow: ['pkg.util.*']"])
def test_what_others_import_may_be_their_own_affair(more: str) -> None:
    """With `direct`, or by name."""
    text = "# file: pkg/core/a.py\nimport pkg.util.b\n# file: pkg/util/b.py\nimport sqlite3\n"
    assert judge(rule_of(f"kind: imports\nfrom: ['pkg.core.*']\nforbid: [sqlite3]\n{more}"), text) == []


def test_a_circle_is_told_once_with_its_way() -> None:
    """Also one of three."""
    world = world_of(
        "# file: pkg/a.py\nimport pkg.b\n# file: pkg/b.py\nimport pkg.c\n# file: pkg/c.py\nimport pkg.a\n"
    )
    (finding,) = kinds.check(rule_of("kind: imports\nacyclic: ['pkg.*']"), world).findings
    assert finding.message.startswith("imports go in a circle: pkg.a -> pkg.b -> pkg.c -> pkg.a")
    assert len(finding.chain) == 3


@pytest.mark.parametrize(("counts", "found"), [("true", 1), ("false", 0)])
def test_imports_for_type_checkers_count_unless_told_otherwise(counts: str, found: int) -> None:
    """A type is knowledge too, by default."""
    world = world_of(
        "# file: pkg/a.py\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import sqlite3\n"
    )
    rule = rule_of(f"kind: imports\nfrom: ['pkg.*']\nforbid: [sqlite3]\ntype_checking: {counts}")
    assert len(kinds.check(rule, world).findings) == found
