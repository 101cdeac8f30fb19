"""What tests of SQLite share."""

import pytest

from whiteboard.storage.sqlite.pace import Pace


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer never rests: how long it would goes by the machine's clock, and those who use this stop the virtual one."""
    monkeypatch.setattr(Pace, "rest", lambda *_: 0.0)
