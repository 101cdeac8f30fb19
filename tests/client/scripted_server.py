"""A WebSocket server on loopback that says what the test scripted: one script per connection."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

Json = dict[str, Any]


class Caller:
    """A connection, seen from the server."""

    def __init__(self, socket: WebSocketConnection, path: str) -> None:
        self.socket = socket
        self.path = path
        self._arrived: list[Json] = []

    async def hear(self) -> Json:
        """The next message, batches taken apart."""
        while not self._arrived:
            content = msgspec.json.decode(await self.socket.get_message())
            self._arrived = content if isinstance(content, list) else [content]
        return self._arrived.pop(0)

    async def say(self, *messages: Json) -> None:
        """Say messages in one frame."""
        await self.socket.send_message(msgspec.json.encode(list(messages)).decode())

    async def let_in(self, **fields: Any) -> Json:
        """Hear the hello and welcome its client on an empty board; the hello."""
        hello = await self.hear()
        seq = fields.get("seq", 0)
        await self.say(welcome(client=hello["client"], **fields))
        if "since" not in hello:
            await self.say({"type": "snapshot", "seq": seq, "part": 1, "parts": 1, "elements": []})
        return hello

    async def store(self, seq: int) -> Json:
        """Hear an op, ack it and send it to its author as everybody gets it; the op."""
        op = await self.hear()
        await self.say(ack(op, seq), stamped(op, seq))
        return op

    async def stay(self) -> None:
        """Hear on until the client leaves."""
        try:
            while True:
                await self.hear()
        except ConnectionClosed:
            pass

    async def drop(self) -> None:
        """End the connection without a goodbye."""
        await self.socket._stream.aclose()


Script = Callable[[Caller], Awaitable[None]]


def welcome(**fields: Any) -> Json:
    """A welcome with everything that a server says, unless told otherwise."""
    return {
        "type": "welcome",
        "v": 1,
        "session": "session-1",
        "client": "c-1",
        "key": "secret",
        "board": "b",
        "epoch": "epoch-1",
        "seq": 0,
        "clock": {},
        "role": "editor",
        "peers": [],
        "limits": {"batch": 2000},
        "heartbeat": {"ping": 10.0, "dead": 30.0},
        "durable": "disk",
        **fields,
    }


def ack(op: Json, seq: int) -> Json:
    """The ack of an op."""
    return {"type": "ack", "opId": op["opId"], "id": op["id"], "seq": seq, "at": 1, "durable": "disk"}


def stamped(op: Json, seq: int, by: str = "c-1") -> Json:
    """An op as everybody gets it."""
    return {**op, "seq": seq, "at": 1, "by": by, "lamport": 2 * seq, "clock": {}}


def stroke(seq: int, element: str = "s1") -> Json:
    """Somebody else's stroke, stamped."""
    op = {"type": "stroke", "id": element, "points": [[0, 0]], "opId": f"c-9:{seq}"}
    return stamped(op, seq, by="c-9")


@asynccontextmanager
async def scripted_server(*scripts: Script) -> AsyncIterator[str]:
    """A server whose n-th connection runs the n-th script, the last one again and again; its URL.

    A script that ends closes its connection with 1000. What a script raises fails the test, except
    that the client left.
    """
    waiting = list(scripts)

    async def serve(request: WebSocketRequest) -> None:
        script = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        socket = await request.accept(subprotocol=None)
        try:
            await script(Caller(socket, request.path))
        except ConnectionClosed:
            pass

    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, serve, "127.0.0.1", 0, None)
        yield f"http://127.0.0.1:{server.port}"
        nursery.cancel_scope.cancel()
