"""Links with both ends in one process."""

from collections.abc import AsyncIterator

import pytest

from whiteboard.workers.link import Link, link_pair


@pytest.fixture
async def links() -> AsyncIterator[tuple[Link, Link]]:
    """Both ends of a link."""
    one, other = link_pair()
    with Link(one) as near, Link(other) as far:
        yield near, far
