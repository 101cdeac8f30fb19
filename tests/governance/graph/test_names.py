"""What names mean."""

import pytest
from governance.graphs import callees, graph_of

MODULES = {
    "package": "from pkg.low import act as done\nfrom .sub import *\n",
    "low": "def act(): pass\nALIAS = act\nclass Thing:\n    def go(self): pass\n",
    "sub__deep": "from ..low import act\nfrom .. import low as under\nimport trio.lowlevel as tl\ndef here(): pass\n",
    "sub__star": "from pkg.low import *\n",
}


@pytest.mark.parametrize(
    ("module", "dotted", "meaning"),
    [
        ("pkg", "done", "pkg.low.act"),
        ("pkg.sub.deep", "act", "pkg.low.act"),
        ("pkg.sub.deep", "under.act", "pkg.low.act"),
        ("pkg.sub.deep", "under.Thing.go", "pkg.low.Thing.go"),
        ("pkg.sub.deep", "tl.checkpoint", "trio.lowlevel.checkpoint"),
        ("pkg.sub.star", "Thing", "pkg.low.Thing"),
        ("pkg.low", "ALIAS", "pkg.low.act"),
        ("pkg.low", "open", "builtins.open"),
        ("pkg.low", "nothing", None),
        ("pkg.low", "Thing.nothing", None),
        ("pkg.none", "act", None),
    ],
)
def test_names_are_followed(module: str, dotted: str, meaning: str | None) -> None:
    """Aliases, relative imports, stars and re-exports lead to where the thing is defined."""
    assert graph_of(**MODULES).resolve_name(module, dotted) == meaning


def test_everything_from_outside() -> None:
    """A name that is found nowhere else is from there, unless it is a builtin."""
    graph = graph_of("from time import *\ndef f():\n    sleep(1)\n    open('x')\n")
    assert callees(graph, "mod.f") == {"time.sleep", "builtins.open"}


def test_imports_that_go_round_come_to_an_end() -> None:
    """Two modules that take one name from each other mean nothing by it."""
    graph = graph_of(a="from pkg.b import x\n", b="from pkg.a import x\ndef f(): x()\n")
    assert graph.resolve_name("pkg.a", "x") in (None, "pkg.a.x", "pkg.b.x")


def test_an_import_within_a_function() -> None:
    """It binds the name there."""
    graph = graph_of("def f():\n    from time import sleep as nap\n    nap(1)\n")
    assert callees(graph, "mod.f") == {"time.sleep"}


def test_import_edges() -> None:
    """Each module says which modules it imports, also in functions, and which for types alone."""
    graph = graph_of(
        low="x = 1\n",
        mod="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pkg import low\ndef f():\n    import trio\n",
    )
    found = {(each.importer, each.imported, each.is_type_checking) for each in graph.imports}
    assert {("pkg.mod", "pkg.low", True), ("pkg.mod", "trio", False), ("pkg.mod", "typing", False)} <= found


def test_the_order_of_bases() -> None:
    """A method comes from the first class in Python's own order."""
    graph = graph_of(
        """
        class A:
            def act(self): pass
        class B(A): pass
        class C(A):
            def act(self): pass
        class D(B, C): pass
        def f(): D().act()
        """
    )
    assert callees(graph, "mod.f") == {"mod.D", "mod.C.act"}
