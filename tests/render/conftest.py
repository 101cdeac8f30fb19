"""What draws pixels, and findings that a test made on purpose."""

from collections.abc import Iterator

import pytest

from whiteboard.diagnostics.findings import FINDINGS
from whiteboard.render.brush import Brush


@pytest.fixture(scope="session")
def brush() -> Brush:
    """Loaded once."""
    return Brush()


@pytest.fixture(autouse=True)
def no_findings_left() -> Iterator[None]:
    """What a test finds wrong with leases is its own."""
    FINDINGS.clear()
    yield
    FINDINGS.clear()
