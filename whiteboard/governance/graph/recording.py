"""A pytest plugin that records which functions of a package call which others while the tests run.

pytest -p whiteboard.governance.graph.recording --record-calls whiteboard=whiteboard --calls-to edges.json
"""

from pathlib import Path

import pytest

from whiteboard.governance.graph.dynamic import Recorder, write_edges

_RECORDER = pytest.StashKey[Recorder]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The package to look at, and where to put what was seen."""
    group = parser.getgroup("call graph")
    group.addoption("--record-calls", metavar="PACKAGE=FOLDER", action="append", default=[])
    group.addoption("--calls-to", metavar="FILE", type=Path)


def pytest_configure(config: pytest.Config) -> None:
    """Starts to look on before the package is imported, so that calls made on import are seen."""
    packages = [each.partition("=") for each in config.getoption("--record-calls")]
    if not packages:
        return
    if config.getoption("--calls-to") is None:
        raise pytest.UsageError("--record-calls needs --calls-to FILE")
    recorder = Recorder({name: Path(folder or name) for name, _, folder in packages})
    config.stash[_RECORDER] = recorder
    recorder.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Writes down what was seen."""
    recorder = config.stash.get(_RECORDER, None)
    if recorder is not None:
        recorder.stop()
        write_edges(recorder.edges(), config.getoption("--calls-to"))
