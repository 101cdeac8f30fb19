"""The import contracts hold on the tree, and break when somebody breaches them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "constraints" / "layers.toml"


def check_contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the package that lies in `folder`, as `tools/check contracts` does."""
    command = ["lint-imports", "--config", str(CONTRACTS), "--no-cache", "--no-logo"]
    # lint-imports puts the working folder on sys.path itself: the copy wins over what is installed.
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the package's Python files, to be breached."""
    shutil.copytree(
        ROOT / "whiteboard", tmp_path / "whiteboard", ignore=shutil.ignore_patterns("__pycache__", "page")
    )
    return tmp_path


def test_the_tree_keeps_every_contract(house: Path) -> None:
    """The package as it stands breaks no import contract."""
    result = check_contracts(house)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        (
            "doctor/breach.py",
            "import whiteboard.trust",
            "Doctor and support bundle know the ground floor only",
        ),
        ("core/breach.py", "import trio", "core and protocol are pure"),
        ("core/breach.py", "import time", "core and protocol are pure"),
        ("protocol/breach.py", "import random", "core and protocol are pure"),
        ("protocol/breach.py", "def f() -> None:\n    import sqlite3", "core and protocol are pure"),
        ("core/breach.py", "import whiteboard.protocol", "Dependencies point down only"),
        ("protocol/breach.py", "import whiteboard.rooms", "Dependencies point down only"),
        ("transport/breach.py", "import whiteboard.web", "Dependencies point down only"),
        ("rooms/breach.py", "import whiteboard.storage.sqlite", "Only serve imports a storage adapter"),
        ("web/breach.py", "from whiteboard.storage import memory", "Only serve imports a storage adapter"),
        ("web/breach.py", "import whiteboard.cluster.consul", "Only serve imports the adapter of Consul"),
        ("cluster/breach.py", "import whiteboard.storage.ports", "Dependencies point down only"),
        (
            "storage/memory.py",
            "import whiteboard.storage.sqlite",
            "Storage adapters stand apart, on the ports",
        ),
        ("storage/unplaced.py", '"""An adapter."""', "Storage adapters stand apart, on the ports"),
        ("rooms/breach.py", "import trio_websocket", "rooms see neither sockets nor HTTP"),
        (
            "client/breach.py",
            "import whiteboard.storage.ports",
            "The client knows the ground floor only",
        ),
        (
            "client/breach.py",
            "import whiteboard.protocol.codec",
            "The client knows the ground floor only",
        ),
        (
            "rooms/breach.py",
            "import whiteboard.testing.storage_samples",
            "The server imports no contract suite",
        ),
        ("plugins/breach.py", "import pytest", "The server imports no contract suite"),
        ("plugins/breach.py", "import whiteboard.storage.memory", "Only serve imports a storage adapter"),
        ("limits.py", "import os", "The ground floor is pure"),
        ("governance/breach.py", "import whiteboard.limits", "governance stands on nothing of the server"),
        ("serve.py", "import whiteboard.governance.sources", "Only cli starts governance"),
        ("cellar/__init__.py", '"""A package that nobody placed."""', "Dependencies point down only"),
    ],
)
def test_a_breach_fails_the_check(house: Path, module: str, line: str, contract: str) -> None:
    """One wrong import, at the top or inside a function, breaks the contract that forbids it."""
    path = house / "whiteboard" / module
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(f"\n{line}\n")
    result = check_contracts(house)
    assert result.returncode == 1
    assert f"{contract} BROKEN" in result.stdout.splitlines()
