"""What tests with played servers share."""

import pytest
import trio.testing


@pytest.fixture
def autojump_clock() -> trio.testing.MockClock:
    """Jumps once nothing has moved for a moment, and runs fast: what floods never stands still."""
    return trio.testing.MockClock(rate=5, autojump_threshold=0.05)
