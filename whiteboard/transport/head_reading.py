"""Reading a request's head off a wire, within its deadline and its bound. Knows nothing of what is asked for."""

from whiteboard import timeouts
from whiteboard.deadlines import within
from whiteboard.transport.http_answer import answer_and_close
from whiteboard.transport.http_head import HeadState, head_state
from whiteboard.transport.wire import Wire
from whiteboard.trust.refusals import error_body


async def read_head(wire: Wire, begun: bytes = b"", since: float | None = None) -> bytes | None:
    """Bytes up to the head's end or beyond; None when the wire was closed or answered instead.

    A peer that is slower than REQUEST_HEAD or sends too much gets an answer; one that says nothing at all
    gets none, because browsers open connections ahead of need. Bytes that are no head are given as they are.

    Args:
        begun: what was read of the wire already.
        since: `trio.current_time()` from which the deadline counts; None for now.

    Raises trio.BrokenResourceError, trio.ClosedResourceError. Cancellation loses what was read.
    """
    data = bytearray(begun)
    with within(timeouts.REQUEST_HEAD, since=since):
        while True:
            state = head_state(data) if data else HeadState.MORE
            if state is HeadState.TOO_LARGE:
                body = error_body("head_too_large", "The request's head is too large.")
                await answer_and_close(wire, 431, body)
                return None
            if state is not HeadState.MORE:
                return bytes(data)
            chunk = await wire.receive()
            if not chunk:
                return None
            data += chunk
    if data:
        await answer_and_close(wire, 408, error_body("timeout", "The request's head took too long."))
    return None
