"""What tests with played servers share."""

import pytest
import trio.testing


@pytest.fixture
def autojump_clock() -> trio.testing.MockClock:
    """Jumps once nothing has moved for a moment: bytes on loopback can take a moment on a busy machine."""
    return trio.testing.MockClock(autojump_threshold=0.05)
