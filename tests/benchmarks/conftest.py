"""`benchmarks.gate` can be imported, while the rest of the checkout stays off sys.path."""

from pathlib import Path

import pytest

import benchmarks

# With `tests` on sys.path this folder is a part of that namespace already.
benchmarks.__path__ = [*benchmarks.__path__, str(Path(__file__).parents[2] / "benchmarks")]


@pytest.fixture(scope="module", autouse=True)
def uncounted_servers(uncounted_processes: None) -> None:
    """What benchmarks start is counted elsewhere, and counting slows it down."""
