"""The answer to a WebSocket's upgrade, by trio-websocket. Nothing of it lives on afterwards.

Owns everything that touches that library. It never sees the socket: it reads a clean request head, says
its answer, and is thrown away. Two readers of one socket would tear frames apart.
"""

import trio
import trio_websocket

from whiteboard.transport.upgrade import Upgrade, clean_head


async def answer_to(upgrade: Upgrade) -> bytes:
    """The head of the answer that accepts `upgrade`. Cancellation leaves nothing.

    Opens a nursery with one child, trio-websocket's reader, which ends with it.
    """
    stream = _Script(clean_head(upgrade))
    async with trio.open_nursery() as nursery:
        request = await trio_websocket.wrap_server_stream(nursery, stream)
        await request.accept(subprotocol=upgrade.chosen_subprotocol, extra_headers=_extensions(upgrade))
        nursery.cancel_scope.cancel()
    return stream.said


def _extensions(upgrade: Upgrade) -> list[tuple[bytes, bytes]]:
    """Said beside what the library knows, since the extension is ours."""
    return [] if upgrade.deflate is None else [(b"Sec-WebSocket-Extensions", upgrade.deflate.encode("ascii"))]


class _Script(trio.abc.Stream):
    """A stream that says a head and nothing else, and notes what it is told."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self.said = b""

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        if not self._head:
            await trio.sleep_forever()
        data, self._head = self._head[:max_bytes], self._head[max_bytes or len(self._head) :]
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        self.said += data

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()
