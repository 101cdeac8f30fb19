"""The experiments of `examples/leaks`: survivors with each fault and none with its cure, and the holder named (R44)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from integration.server_process import START_SECONDS, environment

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
HERE = "examples.leaks"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Of all experiments, by name; conducted once."""
    place = tmp_path_factory.mktemp("laboratory")
    (place / "examples").symlink_to(ROOT / "examples")  # the rest of the checkout stays off sys.path
    ended = subprocess.run(
        [sys.executable, "-m", HERE, "--json"],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=4 * START_SECONDS,
        env={**environment(), "PYTHONPATH": str(place)},
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return {result["name"]: result for result in json.loads(ended.stdout)}


@pytest.mark.parametrize(
    ("name", "beginning", "end"),
    [
        (
            "a session captured by a callback",
            f"{HERE}.session_in_callback.LISTENERS.on_op['s-",
            "function Captured.began.<locals>.on_op (closure cell 'session') → Session",
        ),
        ("a cache keyed by session", f"{HERE}.cache_by_session.STRONG", " (as a key) → Session"),
        ("a canvas not released", f"{HERE}.canvas_not_released.STUDIO.leased[19]", " → Canvas"),
        (
            "a buffer and a view of its head",
            f"{HERE}.hidden_reference.KEPT.heads[19]",
            " → memoryview → Buffer",
        ),
        (
            "a buffer and a C array over it",
            f"{HERE}.hidden_reference.KEPT.heads[19] → c_char_Array_16",
            " → memoryview → Buffer",
        ),
        (
            "a buffer and an exception",
            f"{HERE}.hidden_reference.KEPT.errors[19] → ValueError.__traceback__",
            " in _error (local 'buffer') → Buffer",
        ),
        ("a buffer and a cycle with __del__", "nobody: a dead cycle that waits", " for the collector"),
        (
            "a buffer and a reference of code in C",
            "1 reference that Python does not see",
            " (code in C) → Buffer",
        ),
    ],
)
def test_expected_is_actual_behind_the_cure_and_differs_before(
    results: dict[str, dict[str, Any]], name: str, beginning: str, end: str
) -> None:
    """None are expected; with the fault all twenty are there."""
    faulty, cured = results[name]["faulty"], results[name]["cured"]
    assert (faulty["survivors"], cured["survivors"]) == (20, 0)
    assert faulty["held_by"].startswith(beginning)
    assert faulty["held_by"].endswith(end)


def test_every_experiment_is_looked_at(results: dict[str, dict[str, Any]]) -> None:
    """Eight of them."""
    assert len(results) == 8
