"""What all tests of the client share."""

import pytest
import trio.testing


@pytest.fixture(autouse=True)
def _counted_from_one(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients count their ops from 1, unless a test is about that: op ids are told in advance."""
    if "real_counters" not in request.fixturenames:
        monkeypatch.setattr("whiteboard.client.board.first_counter", lambda: 0)


@pytest.fixture
def real_counters() -> None:
    """Clients count their ops as they do outside of tests."""


@pytest.fixture
def autojump_clock() -> trio.testing.MockClock:
    """Jumps only once nothing has moved for a moment: bytes on loopback can take a moment on a busy machine."""
    return trio.testing.MockClock(autojump_threshold=0.05)
