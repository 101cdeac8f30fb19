"""What the suites need of a test library, so that they need none."""

from collections.abc import Awaitable

from whiteboard.errors import WhiteboardError


async def expect(kind: type[WhiteboardError] | type[ValueError], work: Awaitable[object]) -> None:
    """Wait for work that has to fail in this way; AssertionError when it does not. What else it raises passes."""
    try:
        given = await work
    except kind:
        return
    raise AssertionError(f"gave {given!r} instead of raising {kind.__name__}")
