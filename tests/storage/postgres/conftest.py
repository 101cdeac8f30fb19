"""A real PostgreSQL server."""

from collections.abc import Iterator

import pytest
from services.postgres_process import PostgresProcess, postgres_running


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresProcess]:
    """One for all tests of a module, which has to leave it running."""
    with postgres_running() as running:
        yield running
