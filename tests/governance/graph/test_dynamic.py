"""What runs, held against what the source shows."""

import importlib.util
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from whiteboard.governance.graph import dynamic
from whiteboard.governance.graph.build import build
from whiteboard.governance.graph.dynamic import Recorder, Seen, SeenEdge, merge, read_edges, write_edges
from whiteboard.governance.graph.model import Graph
from whiteboard.governance.sources import read_folder

SOURCE = """
from contextlib import contextmanager
from dataclasses import dataclass

def low(): return 1
def middle(): return [low() for _ in "ab"]
@contextmanager
def opened():
    low()
    yield
def enter():
    with opened():
        pass
@dataclass
class Record:
    x: int
    def __post_init__(self): low()
def make(): return Record(1)
def hidden(): return globals()["lo" + "w"]()
def once(): return (lambda: low())()
def lazy(): return sum(low() for _ in "a")
class Thing:
    @property
    def size(self): return low()
    @size.setter
    def size(self, value): low()
def sizes():
    thing = Thing()
    thing.size = thing.size
"""


@pytest.fixture
def package(tmp_path: Path) -> Iterator[ModuleType]:
    """The package `seen`, which is run here, beside being read."""
    (tmp_path / "seen").mkdir()
    path = tmp_path / "seen" / "__init__.py"
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("seen", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["seen"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["seen"]


def graph_of_package(package: ModuleType) -> Graph:
    """The graph of the package that lies there."""
    return build(read_folder(Path(str(package.__file__)).parent).files)


def record(package: ModuleType, *names: str) -> list[SeenEdge]:
    """What is seen while functions of the package run."""
    recorder = Recorder({"seen": Path(str(package.__file__)).parent})
    before = sys.getprofile()
    recorder.start()
    try:
        for name in names:
            getattr(package, name)()
    finally:
        recorder.stop()
        sys.setprofile(before)
    return recorder.edges()


def pairs(edges: list[SeenEdge]) -> set[tuple[str, str]]:
    """The names at both ends of each edge."""
    return {(edge.caller.qualname, edge.callee.qualname) for edge in edges}


def test_calls_are_seen_by_their_qualified_names(package: ModuleType) -> None:
    """Comprehensions belong to the function around them, generated constructors and contextlib to their caller."""
    assert pairs(record(package, "middle", "enter", "make", "once", "lazy")) == {
        ("middle", "low"),
        ("enter", "opened"),
        ("opened", "low"),
        ("make", "Record.__post_init__"),
        ("Record.__post_init__", "low"),
        ("once", "once.<locals>.<lambda>"),
        ("once.<locals>.<lambda>", "low"),
        ("lazy", "low"),
    }


def test_other_threads_are_seen(package: ModuleType) -> None:
    """Those that start meanwhile."""
    recorder = Recorder({"seen": Path(str(package.__file__)).parent})
    before = sys.getprofile()
    recorder.start()
    thread = threading.Thread(target=package.middle)
    thread.start()
    thread.join()
    recorder.stop()
    sys.setprofile(before)
    assert pairs(recorder.edges()) == {("middle", "low")}


def test_the_number_of_edges_is_bounded(package: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is beyond is counted."""
    monkeypatch.setattr(dynamic, "MOST_EDGES", 1)
    recorder = Recorder({"seen": Path(str(package.__file__)).parent})
    before = sys.getprofile()
    recorder.start()
    package.enter()
    recorder.stop()
    sys.setprofile(before)
    assert len(recorder.edges()) == 1
    assert recorder.dropped == 1


def test_merging_says_who_has_shown_an_edge(package: ModuleType) -> None:
    """Both, the source alone, or the run alone: that is a gap in the graph, told with its line."""
    merged = merge(graph_of_package(package), record(package, "middle", "hidden", "sizes", "once"))
    origins = {(edge.caller, edge.callee): edge.origin for edge in merged.graph.edges}
    assert origins["seen.middle", "seen.low"] == "both"
    assert origins["seen.make", "seen.Record.__post_init__"] == "static"
    assert origins["seen.hidden", "seen.low"] == "dynamic"
    assert origins["seen.sizes", "seen.Thing.size.setter"] == "both"
    (missing,) = merged.missing
    assert (missing.caller, missing.site.text) == (
        "seen.hidden",
        'def hidden(): return globals()["lo" + "w"]()',
    )
    assert merged.recall == merged.confirmed / (merged.confirmed + 1)


def test_functions_that_the_graph_lacks_are_told(package: ModuleType) -> None:
    """Such as those of another version."""
    strange = SeenEdge(Seen("seen", "gone", 1), Seen("seen", "low", 5), 1)
    assert merge(graph_of_package(package), [strange]).unknown == (Seen("seen", "gone", 1),)


def test_edges_are_kept_as_json(package: ModuleType, tmp_path: Path) -> None:
    """And read back; a file of another kind is refused."""
    edges = record(package, "middle", "make")
    write_edges(edges, tmp_path / "edges.json")
    assert read_edges(tmp_path / "edges.json") == edges
    (tmp_path / "other.json").write_text("[1]")
    with pytest.raises(ValueError, match="holds no recorded edges"):
        read_edges(tmp_path / "other.json")
